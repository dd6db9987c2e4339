from django.urls import path

from shop import views

urlpatterns = [
    path("orders", views.orders),
    path("orders/<str:key>", views.order),
    path("open", views.open_invoices),
]
