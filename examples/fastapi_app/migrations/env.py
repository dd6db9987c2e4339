from alembic import context

from shop.database import Base, engine


def ours(name, kind, parents):
    """What autogenerate looks at: everything but bizcore's."""
    if kind == "schema":
        return name != "bizcore"
    return kind != "table" or not name.startswith("bizcore_")


with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, include_name=ours)
    with context.begin_transaction():
        context.run_migrations()
