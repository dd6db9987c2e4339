import json
from itertools import islice

from django.conf import settings
from django.core.management.base import BaseCommand

from shop.books import books, run_again
from shop.models import Mark

MOST = 100


class Command(BaseCommand):
    help = "Hand on what was recorded since the last time"

    def add_arguments(self, parser):
        parser.add_argument("company")

    def handle(self, *, company, **options):
        while hand_on(company, deliver):
            pass


@run_again
def hand_on(company, deliver):
    Mark.objects.get_or_create(company=company)
    mark = Mark.objects.select_for_update().get(company=company)
    news = list(islice(books(company, "relay").log(after=mark.position), MOST))
    for done in news:
        deliver({"id": f"{company}/{done.position}", "act": done.act, "key": done.key})
        mark.position = done.position
    mark.save()
    return len(news)


def deliver(message):
    """Stands for a queue, or another service."""
    with settings.OUTBOX.open("a") as file:
        file.write(json.dumps(message) + "\n")
