from django.db import migrations, models

from bizcore.store.host import upgrade


def make_books(apps, schema_editor):
    upgrade(schema_editor.connection)


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            "Mark",
            [
                ("company", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            "Order",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("company", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=80)),
                ("customer", models.CharField(max_length=80)),
                ("invoice", models.CharField(max_length=80)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("company", "key"), name="one_order_a_key")]},
        ),
        migrations.RunPython(make_books, migrations.RunPython.noop),
    ]
