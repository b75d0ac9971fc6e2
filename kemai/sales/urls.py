"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.sales.views import (
    course,
    deal,
    forecast,
    lead,
    menu,
    pool_desk,
    pool_menu,
    pools,
    routes,
    target,
    visit,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/<int:pk>/log", lead.log, name="lead_log"),
    path("leads/<int:pk>/convert", lead.convert, name="lead_convert"),
    path("leads/<int:pk>/disqualify", lead.disqualify, name="lead_disqualify"),
    path("deals/<int:pk>/move", deal.move, name="deal_move"),
    path("deals/<int:pk>/tick", deal.tick, name="deal_tick"),
    path("deals/<int:pk>/lose", deal.lose, name="deal_lose"),
    path("sales/courses", course.index, name="courses"),
    path("sales/courses/<int:pk>/move", course.move, name="course_move"),
    path("sales/targets", target.index, name="targets"),
    path("sales/targets/edit", target.edit, name="targets_edit"),
    path("sales/targets/spread/<slug:node>", target.spread, name="targets_spread"),
    path("sales/visits", visit.index, name="visits"),
    path("sales/visits/<int:pk>", visit.field, name="visit_field"),
    path("sales/visits/<int:pk>/check-in", visit.check_in, name="visit_check_in"),
    path("sales/visits/<int:pk>/report", visit.report, name="visit_report"),
    path("sales/visits/<int:pk>/photo", visit.photo, name="visit_photo"),
    path("sales/visits/<int:pk>/cancel", visit.cancel, name="visit_cancel"),
    path("sales/forecast", forecast.index, name="forecast"),
    path(
        "sales/forecast/<int:person>/<str:month>/<slug:category>", forecast.override, name="forecast_override"
    ),
]
POOL_PAGES = (
    path("pools", pools.page, name="pools"),
    path("pools/<int:pk>", pools.page, name="pool"),
    path("pools/mine/<slug:kind>", pools.mine, name="pool_mine"),
    path("pools/claim/<slug:kind>", pools.claim_many, name="pool_claim_many"),
    path("pools/claim/<slug:kind>/<int:pk>", pools.claim_here, name="pool_claim_here"),
    path("pools/assign/<slug:kind>", pools.assign, name="pool_assign"),
    path("pools/manage", pool_desk.index, name="pool_desks"),
    path("pools/manage/new", pool_desk.edit, name="pool_new"),
    path("pools/manage/<int:pk>", pool_desk.desk, name="pool_desk"),
    path("pools/manage/<int:pk>/edit", pool_desk.edit, name="pool_edit"),
    path("pools/manage/<int:pk>/fill", pool_desk.fill, name="pool_fill"),
    path("pools/manage/<int:pk>/delete", pool_desk.remove, name="pool_remove"),
    path("pools/manage/<int:pk>/rules/new", pool_desk.rule, name="pool_rule_new"),
    path("pools/manage/<int:pk>/rules/rehearse", pool_desk.rehearse, name="pool_rehearse_new"),
    path("pools/manage/<int:pk>/rules/<int:key>", pool_desk.rule, name="pool_rule"),
    path("pools/manage/<int:pk>/rules/<int:key>/rehearse", pool_desk.rehearse, name="pool_rehearse"),
    path("pools/manage/<int:pk>/rules/<int:key>/delete", pool_desk.rule_remove, name="pool_rule_remove"),
    path("settings/lead-routes", routes.index, name="lead_routes"),
    path("settings/lead-routes/new", routes.edit, name="lead_route_new"),
    path("settings/lead-routes/<int:pk>", routes.edit, name="lead_route"),
    path("settings/lead-routes/<int:pk>/delete", routes.remove, name="lead_route_remove"),
)
urlpatterns += POOL_PAGES
for kind, place in (("customer", "customers"), ("lead", "leads")):
    urlpatterns += [
        path(f"{place}/<int:pk>/claim", pools.claim, {"kind": kind}, name=f"{kind}_claim"),
        path(f"{place}/<int:pk>/give-back", pools.give_back, {"kind": kind}, name=f"{kind}_give_back"),
        path(f"{place}/<int:pk>/protect", pools.protect, {"kind": kind}, name=f"{kind}_protect"),
    ]
pool_menu.register()
menu.register()
