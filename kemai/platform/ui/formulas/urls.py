"""Addresses that the editor of formulas asks."""

from django.urls import path

from kemai.platform.ui.formulas import views

urlpatterns = [
    path("settings/formulas/<slug:type_key>/check", views.formula_check, name="formula_check"),
    path("settings/formulas/<slug:type_key>/words", views.formula_words, name="formula_words"),
]
