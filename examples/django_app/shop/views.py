from datetime import date

from django.http import JsonResponse
from django.views.decorators.http import require_GET, require_POST
from pydantic import BaseModel

from bizcore.finance import Invoice, Line
from shop.books import books, run_again
from shop.models import Order


class NewOrder(BaseModel):
    customer: str
    on: date
    lines: list[Line]


@require_POST
def orders(request):
    key = request.headers.get("Idempotency-Key")
    if not key:
        return JsonResponse({"code": "key_missing"}, status=400)
    new = NewOrder.model_validate_json(request.body)
    return JsonResponse(place(request.company, request.actor, key, new), status=201)


@run_again
def place(company, actor, key, new):
    invoice = Invoice(customer=new.customer, on=new.on, currency="EUR", lines=new.lines)
    order, _ = Order.objects.get_or_create(company=company, key=key, defaults={"customer": new.customer})
    acme = books(company, actor)
    done = acme.apply(acme.finance.issue(invoice), key=f"order {key}")
    order.invoice = done.value.number
    order.save()
    return {"key": key, "invoice": order.invoice, "replayed": done.replayed}


@require_GET
def order(request, key):
    return JsonResponse(invoice_of(request.company, request.actor, key))


@run_again
def invoice_of(company, actor, key):
    return books(company, actor).committed(f"order {key}").to_plain()


@require_GET
def open_invoices(request):
    return JsonResponse(aging(request.company, request.actor), safe=False)


@run_again
def aging(company, actor):
    return books(company, actor).finance.receivable_aging().to_plain()
