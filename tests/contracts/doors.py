"""Every address of the product and what the attack matrix does with it. A new address that stands in no table here
fails `test_doors_around.py`: say in one line what it is, and the matrix tries it as everybody who should not get in.

Addresses below `o/<type>/` and `bin/<type>` need no line: they are tried for every object type by themselves, with the
arguments of ARGS."""

from __future__ import annotations

from typing import Any

ARGS: dict[str, Any] = {
    "name": "name", "child": "contact", "act": "edit", "kind": "customer", "file_id": 1, "member_id": 1, "code": "call",
    "node": "c", "person": 999_999, "month": "2026-11", "category": "commit",
}  # fmt: skip
"""What stands for further arguments of an address below a record; `key` is tried with the type's panels and actions."""

WITH_CUSTOMER = {
    "customer_composer", "customer_log", "customer_step", "customer_consent", "customer_recheck",
    "customer_claim", "customer_give_back", "customer_extend", "customer_protect",
}  # fmt: skip
"""Addresses whose `pk` is a customer's: as closed as the customer."""

MAY_SHOW_RECORDS = {
    "today", "customers_similar", "today_due", "today_people", "today_numbers", "today_changes", "chain", "chain_plays",
    "chain_months", "dashboard", "runs", "palette", "notices", "notices_drawer", "jobs", "imports", "ask_people",
    "people", "principals", "tag_options", "import_start", "find_region", "regions", "recalculated", "notices_unread",
    "audit", "audit_verify", "bin_all", "calendar", "changes", "duplicates", "duplicates_finished", "health",
    "recheck_rehearse", "settings",
    "health_count", "health_progress", "mention_options", "export_requests", "notices_part", "customer_check",
    "lead_chances", "privacy", "incidents", "pools", "pool_desks", "pool_new", "pool_mine",
    "courses", "forecast", "sales_analysis", "sales_analysis_rest", "targets", "targets_edit", "targets_spread",
    "visits", "ageing", "filter_fields", "nav_counts", "reports", "report_new", "report_result", "report_drill",
    "report_print", "report_board",
}  # fmt: skip
"""Pages that draw on many records: what they show somebody must not hold what that person may not see."""

ACTS_ON_MANY = {
    "chain_export", "chain_play", "chain_freeze", "recalculate", "run_start", "segment_preview", "today_task_new",
    "notices_read", "view_new", "view_update", "audit_export", "duplicates_sure", "duplicates_start", "calendar_move",
    "recheck_save", "pool_claim_many", "pool_assign", "lead_chances_learn", "report_save", "report_export",
    "report_later",
}  # fmt: skip
"""Posts without a record in the address; tried empty by everybody: nobody's records may change."""

SETTINGS_PREFIXES = ("settings/",)
"""Below these only administrators, but for pages that stand in a table above."""

OF_A_PERSON = {
    "job": "job", "job_progress": "job", "job_cancel": "job", "export_file": "export", "view_edit": "view",
    "view_delete": "view", "import": "import", "import_column": "import", "import_records": "import",
    "import_errors": "import", "import_progress": "import", "import_ended": "import", "import_map": "import",
    "import_back": "import", "import_sheet": "import", "import_run": "import", "import_pause": "import",
    "import_resume": "import", "import_cancel": "import", "import_undo": "import", "undo": "changeset",
    "api_undo": "changeset", "notice_open": "notice", "report": "report", "report_edit": "report",
    "report_copy": "report", "report_delete": "report", "report_restore": "report", "report_panel": "report",
    "report_later_result": "job", "report_panel_remove": "report", "report_panel_move": "report",
}  # fmt: skip
"""Addresses of something that belongs to one person: alice's is tried by everybody else."""

WITH_RECORD = {
    "today_task_done": "task", "today_task_later": "task", "segment": "segment", "segment_save": "segment",
    "segment_refresh": "segment", "segment_why": "segment", "chain_take_back": "", "run": "", "run_finished": "",
    "import_new": "", "import_template": "", "deal_lose": "deal", "deal_win": "deal",
    "deal_move": "deal", "deal_tick": "deal", "lead_convert": "lead",
    "lead_claim": "lead", "lead_extend": "lead",
    "lead_give_back": "lead", "lead_protect": "lead", "lead_disqualify": "lead", "lead_log": "lead",
    "pool_claim_here": "customer", "task_later": "task", "task_nudge": "task", "task_reassign": "task",
    "deal_gate": "deal", "deal_decide": "deal", "course_move": "stage", "stage_remove": "stage", "pipeline_remove": "",
    "visit_field": "visit", "visit_check_in": "visit",
    "visit_report": "visit", "visit_photo": "visit", "visit_cancel": "visit",
    "forecast_override": "", "export_decide": "", "export_run": "",
    **dict.fromkeys((
        "quote_answer", "quote_ask", "quote_contract", "quote_decide", "quote_pdf", "quote_version",
    ), "quote"),
    **dict.fromkeys((
        "contract_amend", "contract_decide", "contract_invoice", "contract_pdf", "contract_plan", "contract_receive",
        "contract_submit", "contract_terminate",
    ), "contract"),
    "receipt_allocate": "receipt", "receipt_reverse": "receipt", "invoice_issue": "invoice", "invoice_red": "invoice",
    "invoice_reject": "invoice", "lines": "quote", "lines_edit": "quote", "lines_price": "quote", "api_lines": "quote",
    "quote_public": "", "quote_public_pdf": "",
    **dict.fromkeys((
        "pool_extension",
        "incident", "incident_export", "incident_notice", "incident_revoke",
        "audit_entry", "duplicates_decide", "duplicates_merge", "pool", "pool_desk", "pool_edit", "pool_fill",
        "pool_remove", "pool_rule", "pool_rule_new", "pool_rule_remove", "pool_rehearse", "pool_rehearse_new",
    ), ""),
    **dict.fromkeys(("privacy_fulfil", "privacy_refuse", "privacy_verify"), "privacy_request"),
    **dict.fromkeys(("retention_rule", "retention_switch"), "retention_rule"), "standard_save": "entry_standard",
}  # fmt: skip
"""Addresses whose `pk` is a record's of another type ('' : tried with a key that nobody has)."""

HANGS_ON = {
    **dict.fromkeys(
        ("comment_thread", "comment_delete", "comment_edit", "comment_file", "comment_reply", "comment_share"),
        "comment"
    ),
    **dict.fromkeys(("conflict_keep", "conflict_reopen", "conflict_take"), "conflict"),
    **dict.fromkeys(
        ("change", "change_done", "change_preview", "change_records", "change_undo"), "changeset"
    ),
}  # fmt: skip
"""Addresses of what hangs on alice's customer: closed to whoever may not see her."""

DERIVES = {"segment_refresh"}
"""Whoever sees the record may have its derived figures worked out anew."""

API = {
    "api_openapi",
    "api_reports",
    "api_report",
    "api_collection",
    "api_search",
    "api_bulk",
    "api_record",
    "api_history",
    "api_access",
    "api_merge",
    "mcp",
}

ONES_OWN = {
    "calendar_feed", "calendar_feeds", "calendar_feed_revoke", "notice_settings", "forgot",
    "account_change_password", "account_inactive", "account_login", "account_logout",
    "account_reauthenticate", "account_set_password", "account_signup", "mfa_activate_totp",
    "mfa_authenticate", "mfa_deactivate_totp", "mfa_index", "mfa_reauthenticate", "preferences", "prefs", "sessions",
    "sessions_end", "sso_again", "sso_back", "sso_start", "two_step_codes", "welcome",
}  # fmt: skip
"""Log-in and one's own account: no record of anybody's is in reach (kemai/staff/tests)."""
