"""Screens of the catalogue: list, guide, import in three steps."""

from __future__ import annotations

from django.urls import path

from xinfu.catalog.screens.imports import (
    batch_detail,
    batch_file,
    batch_move,
    batch_progress,
    import_items,
    template,
)
from xinfu.catalog.screens.items import detail, find, item_list, narrow

__all__ = ["app_name", "find", "narrow", "urlpatterns"]

app_name = "catalog"

urlpatterns = [
    path("", item_list, name="list"),
    path("<int:pk>/", detail, name="detail"),
    path("template.xlsx", template, name="template"),
    path("import/", import_items, name="import"),
    path("import/<int:pk>/", batch_detail, name="batch"),
    path("import/<int:pk>/progress", batch_progress, name="batch_progress"),
    path("import/<int:pk>/move/", batch_move, name="batch_move"),
    path("import/<int:pk>/<str:what>.<str:kind>", batch_file, name="batch_file"),
]
