from django.db import models


class Order(models.Model):
    company = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    customer = models.CharField(max_length=80)
    invoice = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="one_order_a_key")]


class Mark(models.Model):
    """How far a company's log was handed on."""

    company = models.CharField(max_length=80, primary_key=True)
    position = models.BigIntegerField(default=0)
