"""Addresses of the desk. Who is meant stands in them as a random id, what is meant as the number of its row."""

from __future__ import annotations

from django.urls import path

from collage_web.desk import customer, joining, mending, promising, search, telling

__all__ = ["urlpatterns"]

urlpatterns = [
    path("desk/", search.index, name="desk"),
    path("desk/find", search.find, name="find"),
    path("desk/who", search.who, name="who"),
    path("desk/new", search.new, name="customer_new"),
    path("desk/c/<slug:customer>", customer.show, name="customer"),
    path("desk/c/<slug:customer>/instances", customer.instances, name="customer_instances"),
    path("desk/c/<slug:customer>/i/<str:key>", customer.instance, name="customer_instance"),
    path("desk/c/<slug:customer>/record", telling.record, name="record"),
    path("desk/c/<slug:customer>/take-back", telling.take_back, name="take_back"),
    path("desk/c/<slug:customer>/about", telling.about, name="customer_about"),
    path("desk/c/<slug:customer>/consent", telling.consent, name="customer_consent"),
    path("desk/c/<slug:customer>/promise", promising.make, name="promise_make"),
    path("desk/c/<slug:customer>/promise/<int:number>/settle", promising.settle, name="promise_settle"),
    path("desk/c/<slug:customer>/promise/<int:number>/withdraw", promising.withdraw, name="promise_withdraw"),
    path("desk/c/<slug:customer>/contest", mending.contest, name="contest"),
    path("desk/c/<slug:customer>/decide", mending.decide, name="decide"),
    path("desk/c/<slug:customer>/heal", mending.heal, name="heal"),
    path("desk/c/<slug:customer>/same", joining.same, name="same_person"),
    path("desk/c/<slug:customer>/apart", joining.apart, name="apart"),
    path("desk/contested", mending.contested, name="contested"),
]
