"""Companies in the host's own database, through the host's own connection: no engine, no pool, no package but the host's driver.

For a host whose framework hands out connections, as Django does. Every company of it lives inside one transaction of the host's.
"""

from __future__ import annotations

from bizcore.store import schema as tables
from bizcore.store.bound import BoundDatabase, Joint
from bizcore.store.clock import Clock, Ids, machine_clock, machine_ids
from bizcore.store.port import SchemaNewer


class HostStore(BoundDatabase):
    """Companies as the host's transaction sees them, made and opened in it too.

    `connection` is what `Company.bind` takes: Django's `connection` inside `atomic`, a SQLAlchemy `Connection`, or a driver's own
    (psycopg 3, sqlite3). `schema` is where the tables lie in PostgreSQL (on SQLite they have the prefix `bizcore_`). Make one for
    each transaction: it costs nothing, opening a company costs three questions.

    Guarantees: as `Company.bind`, a savepoint around each change, never a commit, a rollback of the host's, or a second try.
    Raises: CannotBind, Autocommit; SchemaOutdated, when a company is asked for and the tables are not there.

    >>> import sqlite3
    >>> from bizcore import Company
    >>> connection = sqlite3.connect(":memory:")
    >>> upgrade(connection)
    >>> Company.create("acme", currency="EUR", store=HostStore(connection)).head
    0
    >>> connection.rollback()
    >>> connection.execute("select count(*) from sqlite_master").fetchone()
    (0,)
    """

    def __init__(
        self,
        connection: object,
        *,
        schema: str | None = "bizcore",
        clock: Clock = machine_clock,
        ids: Ids = machine_ids,
    ) -> None:
        super().__init__(Joint(connection), schema=schema, clock=clock, ids=ids)


def upgrade(connection: object, *, schema: str | None = "bizcore") -> None:
    """Make the tables, or bring them to this release, in the host's transaction: a migration of the host's.

    `connection` and `schema` as for `HostStore`. The same tables as `bizcore.store.sql.upgrade` makes, which needs SQLAlchemy.

    Guarantees: nothing is committed here; called again it changes nothing, and then it needs no right to make tables.
    Raises: CannotBind, Autocommit, SchemaNewer.
    """
    database = HostStore(connection, schema=schema)
    with database.guarded():
        stored = database.stored_version()
        if stored > tables.VERSION:
            raise SchemaNewer(stored=stored, known=tables.VERSION)
        if stored == tables.VERSION:
            return
        session = database.session()
        for statement in database.flavour.tables(database.speech.schema):
            session.execute(statement)
        session.execute("insert into bizcore_meta(name, value) values('schema', ?)", (str(tables.VERSION),))
