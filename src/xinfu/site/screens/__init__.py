"""Screens of the frame itself and their addresses."""

from __future__ import annotations

from django.urls import path

from xinfu.site.screens import home, journal, operations, suggestions

app_name = "site"
urlpatterns = [
    path("", home.home, name="home"),
    path("inbox/news", home.inbox_news, name="inbox_news"),
    path("search/", home.search, name="search"),
    path("display", home.display, name="display"),
    path("drafts", home.own_drafts, name="drafts"),
    path("help/", home.manual, name="help"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("suggestions/<int:pk>/", suggestions.suggestion, name="suggestion"),
    path("done/", journal.done, name="done"),
    path("downloads/", operations.downloads, name="downloads"),
    path("downloads/<int:pk>/progress", operations.download_progress, name="download_progress"),
    path("downloads/<int:pk>/file", operations.download_file, name="download_file"),
    path("system/status/", operations.status, name="status"),
    path("system/rules/", operations.local_rules, name="local_rules"),
    path("system/rules/<str:code>/", operations.local_rule, name="local_rule"),
    path("journal/", journal.journal_list, name="journal"),
    path("journal/<int:n>/", journal.journal_entry, name="journal_entry"),
    path("journal/checkpoint", journal.checkpoint, name="checkpoint"),
    path("journal/proof/inclusion/<int:n>", journal.inclusion, name="inclusion"),
    path("journal/proof/consistency/<int:old>/<int:new>", journal.consistency, name="consistency"),
    path("-/keep", home.keep, name="keep"),
    path("-/live", operations.live, name="live"),
    path("-/ready", operations.ready, name="ready"),
    path("-/health", operations.health, name="health"),
    path("-/metrics", operations.metrics_text, name="metrics"),
]
