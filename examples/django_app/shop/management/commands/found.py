from django.core.management.base import BaseCommand

from shop.books import found


class Command(BaseCommand):
    help = "Found the company of a tenant"

    def add_arguments(self, parser):
        parser.add_argument("company")

    def handle(self, *, company, **options):
        found(company)
