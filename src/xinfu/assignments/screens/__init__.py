"""Screens of assigned items: list, one item, the forms that give, split and hand on."""

from __future__ import annotations

from xinfu.assignments.screens import items

app_name = "assignments"
urlpatterns = [*items.urls]
