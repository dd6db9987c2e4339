import random
import time
from functools import wraps

from django.db import OperationalError, connection, transaction

from bizcore import Company
from bizcore.store.host import HostStore
from bizcore.store.port import RunAgain

TRIES = 5


def books(company, actor):
    """A tenant's company, inside the transaction under way."""
    return Company.open(company, store=HostStore(connection), actor=actor)


def found(company):
    """A new tenant; one that is there stays as it is."""
    with transaction.atomic():
        Company.create(company, currency="EUR", store=HostStore(connection), actor="founding")


def run_again(work):
    """A function in a transaction of its own, run again when the database wants it."""

    @wraps(work)
    def run(*args, **kwargs):
        tries = 0
        while True:
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except (RunAgain, OperationalError):
                tries += 1
                if tries == TRIES or connection.in_atomic_block:
                    raise
                connection.close_if_unusable_or_obsolete()
                time.sleep(random.uniform(0, 0.1))

    return run
