"""Screens of cases: list, one case, what is due, the morning sheet, import, quality of the data."""

from __future__ import annotations

from django.urls import path

from xinfu.cases.screens import detail, due, imports, listing

app_name = "cases"
urlpatterns = [
    path("", listing.case_list, name="list"),
    path("find/", listing.find, name="find"),
    path("<int:pk>/", detail.detail, name="detail"),
    path("<int:pk>/reveal/", detail.reveal, name="reveal"),
    path("<int:pk>/pause/", detail.pause, name="pause"),
    path("<int:pk>/resume/", detail.resume, name="resume"),
    path("<int:pk>/next/", detail.neighbour, {"way": "next"}, name="next"),
    path("<int:pk>/previous/", detail.neighbour, {"way": "previous"}, name="previous"),
    path("due/", due.due_list, name="due"),
    path("morning/", due.morning, name="morning"),
    path("quality/", due.quality, name="quality"),
    path("import/", imports.upload, name="import"),
    path("import/template/<slug:code>.xlsx", imports.template, name="template"),
    path("batches/", imports.batch_list, name="batches"),
    path("batches/<int:pk>/", imports.batch, name="batch"),
    path("batches/<int:pk>/progress/", imports.batch_progress, name="batch_progress"),
    path("batches/<int:pk>/confirm/", imports.batch_confirm, name="batch_confirm"),
    path("batches/<int:pk>/undo/", imports.batch_undo, name="batch_undo"),
    path("batches/<int:pk>/rejected/<slug:what>/", imports.batch_file, name="batch_file"),
]
