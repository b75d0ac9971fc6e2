"""Addresses of this app."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from kemai.sales.views import (
    analysis,
    cash,
    contracts,
    course,
    deal,
    forecast,
    lead,
    lines,
    menu,
    pool_desk,
    pool_menu,
    pools,
    public_quote,
    quotes,
    routes,
    target,
    terms,
    visit,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("leads/<int:pk>/log", lead.log, name="lead_log"),
    path("leads/<int:pk>/convert", lead.convert, name="lead_convert"),
    path("leads/<int:pk>/disqualify", lead.disqualify, name="lead_disqualify"),
    path("deals/<int:pk>/move", deal.move, name="deal_move"),
    path("deals/<int:pk>/tick", deal.tick, name="deal_tick"),
    path("deals/<int:pk>/gate", deal.gate, name="deal_gate"),
    path("deals/<int:pk>/lose", deal.lose, name="deal_lose"),
    path("sales/analysis", analysis.index, name="sales_analysis"),
    path("sales/courses", course.index, name="courses"),
    path("sales/courses/<int:pk>/move", course.move, name="course_move"),
    path("sales/courses/stages/<int:pk>/delete", course.remove_stage, name="stage_remove"),
    path("sales/courses/pipelines/<int:pk>/delete", course.remove_pipeline, name="pipeline_remove"),
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
CASH_PAGES = (
    path("lines/<slug:type_key>/<int:pk>", lines.show, name="lines"),
    path("lines/<slug:type_key>/<int:pk>/edit", lines.edit, name="lines_edit"),
    path("lines/<slug:type_key>/<int:pk>/price", lines.price, name="lines_price"),
    path("api/v1/<slug:type_key>/<int:key>/lines", lines.api, name="api_lines"),
    path("quotes/<int:pk>/ask", quotes.ask, name="quote_ask"),
    path("quotes/<int:pk>/decide", quotes.decide, name="quote_decide"),
    path("quotes/<int:pk>/answer", quotes.answer, name="quote_answer"),
    path("quotes/<int:pk>/version", quotes.version, name="quote_version"),
    path("quotes/<int:pk>/contract", quotes.contract, name="quote_contract"),
    path("quotes/<int:pk>/pdf", quotes.pdf, name="quote_pdf"),
    path("q/<str:key>", public_quote.page, name="quote_public"),
    path("q/<str:key>/pdf", public_quote.pdf, name="quote_public_pdf"),
    path("contracts/<int:pk>/submit", contracts.submit, name="contract_submit"),
    path("contracts/<int:pk>/decide", contracts.decide, name="contract_decide"),
    path("contracts/<int:pk>/amend", contracts.amend, name="contract_amend"),
    path("contracts/<int:pk>/terminate", contracts.terminate, name="contract_terminate"),
    path("contracts/<int:pk>/plan", contracts.plan, name="contract_plan"),
    path("contracts/<int:pk>/receive", contracts.receive, name="contract_receive"),
    path("contracts/<int:pk>/invoice", contracts.invoice, name="contract_invoice"),
    path("contracts/<int:pk>/pdf", contracts.pdf, name="contract_pdf"),
    path("receipts/<int:pk>/reverse", cash.reverse_receipt, name="receipt_reverse"),
    path("receipts/<int:pk>/allocate", cash.allocate, name="receipt_allocate"),
    path("invoices/<int:pk>/issue", cash.issue, name="invoice_issue"),
    path("invoices/<int:pk>/reject", cash.reject, name="invoice_reject"),
    path("invoices/<int:pk>/red", cash.red, name="invoice_red"),
    path("ageing", cash.ageing, name="ageing"),
    path("settings/selling", terms.edit, name="sales_terms"),
)
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
    path("pools/extensions/<int:pk>", pool_desk.extension, name="pool_extension"),
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
urlpatterns += [*CASH_PAGES, *POOL_PAGES]
for kind, place in (("customer", "customers"), ("lead", "leads")):
    urlpatterns += [
        path(f"{place}/<int:pk>/claim", pools.claim, {"kind": kind}, name=f"{kind}_claim"),
        path(f"{place}/<int:pk>/give-back", pools.give_back, {"kind": kind}, name=f"{kind}_give_back"),
        path(f"{place}/<int:pk>/extend", pools.extend, {"kind": kind}, name=f"{kind}_extend"),
        path(f"{place}/<int:pk>/protect", pools.protect, {"kind": kind}, name=f"{kind}_protect"),
    ]
pool_menu.register()
menu.register()
