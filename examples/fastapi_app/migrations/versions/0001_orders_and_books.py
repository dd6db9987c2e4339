import sqlalchemy as sa
from alembic import op

from bizcore.store.sql import upgrade as upgrade_books

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("invoice", sa.String(), nullable=False),
    )
    upgrade_books(op.get_bind())


def downgrade():
    raise NotImplementedError("books are not thrown away by a migration")
