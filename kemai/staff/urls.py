"""Addresses of this app: logging in (only what we use of allauth), one's own account, the people settings."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from django.urls import URLPattern, URLResolver, path

from kemai.staff.views import (
    departments,
    emergency,
    forgot,
    handover,
    me,
    rights,
    roles,
    security,
    sso,
    two_step,
    users,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", sso.enter, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("login/forgot/", forgot.forgot, name="forgot"),
    path("login/inactive/", account.account_inactive, name="account_inactive"),
    path("login/signup/", account.signup, name="account_signup"),
    path("login/two-step/", mfa.authenticate, name="mfa_authenticate"),
    path("login/sso/", sso.start, name="sso_start"),
    path("login/sso/back/", sso.back, name="sso_back"),
    path("login/again/", account.reauthenticate, name="account_reauthenticate"),
    path("login/again/two-step/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("welcome/<str:uid>/<str:token>/", me.welcome, name="welcome"),
    path("me/", me.preferences, name="preferences"),
    path("me/prefs/", me.prefs, name="prefs"),
    path("me/password/", account.password_change, name="account_change_password"),
    path("me/password/set/", account.password_set, name="account_set_password"),
    path("me/sessions/", me.sessions_page, name="sessions"),
    path("me/sessions/end/", me.end_sessions, name="sessions_end"),
    path("me/two-step/", two_step.index, name="mfa_index"),
    path("me/two-step/activate/", two_step.activate, name="mfa_activate_totp"),
    path("me/two-step/deactivate/", two_step.deactivate, name="mfa_deactivate_totp"),
    path("me/two-step/codes/", two_step.codes, name="two_step_codes"),
    path("settings/users/", users.page, name="user_list"),
    path("settings/users/new/", users.new, name="user_new"),
    path("settings/users/<int:key>/", users.edit, name="user_edit"),
    path("settings/users/<int:key>/handover/", handover.page, name="handover"),
    path("settings/users/<int:key>/handover/preview/", handover.preview, name="handover_preview"),
    path("settings/handovers/<int:pk>/", handover.report, name="handover_report"),
    path("settings/users/<int:key>/<slug:act>/", users.act, name="user_act"),
    path("settings/departments/", departments.page, name="department_list"),
    path("settings/departments/new/", departments.edit, name="department_new"),
    path("settings/departments/<int:key>/", departments.edit, name="department_edit"),
    path("settings/departments/<int:key>/delete/", departments.delete, name="department_delete"),
    path("settings/roles/", roles.page, name="role_list"),
    path("settings/roles/new/", roles.edit, name="role_new"),
    path("settings/roles/<int:key>/", roles.edit, name="role_edit"),
    path("settings/roles/<int:key>/delete/", roles.delete, name="role_delete"),
    path("settings/security/", security.page, name="security"),
    path("settings/emergency/", emergency.page, name="emergency"),
    path("settings/emergency/end/", emergency.end, name="emergency_end"),
    path("settings/sharing/", rights.sharing_page, name="sharing"),
    path("settings/sharing/new/", rights.rule_form, name="rule_new"),
    path("settings/sharing/<int:key>/", rights.rule_form, name="rule_edit"),
    path("settings/sharing/<int:key>/delete/", rights.rule_delete, name="rule_delete"),
    path("settings/access/", rights.simulator, name="simulator"),
    path("settings/roles/<int:key>/fields/<slug:type_key>/", roles.fields, name="role_fields"),
]
