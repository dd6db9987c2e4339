from datetime import date

from django.core.management.base import BaseCommand
from django.utils import timezone

from bizcore import Money
from bizcore.book.entry import Entry, credit, debit
from shop.books import books, run_again

RENT = Money("12.00", "EUR")


class Command(BaseCommand):
    help = "Post a day's rent"

    def add_arguments(self, parser):
        parser.add_argument("company")
        parser.add_argument("--on", type=date.fromisoformat)

    def handle(self, *, company, on, **options):
        done = post_rent(company, on or timezone.localdate())
        self.stdout.write(f"{done.key}: position {done.position}{' (was there)' if done.replayed else ''}")


@run_again
def post_rent(company, on):
    acme = books(company, "nightly")
    entry = Entry(on, [debit("6000", RENT), credit("1000", RENT)], text="rent")
    return acme.apply(acme.finance.post(entry), key=f"rent {on}")
