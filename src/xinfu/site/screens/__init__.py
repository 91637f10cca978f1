"""Screens of the frame itself and their addresses."""

from __future__ import annotations

from django.urls import path

from xinfu.site.screens import daily, home, journal, operations, outbox, suggestions

app_name = "site"
urlpatterns = [
    path("", home.home, name="home"),
    path("inbox/news", home.inbox_news, name="inbox_news"),
    path("news/", home.latest_news, name="news"),
    path("search/", home.search, name="search"),
    path("display", home.display, name="display"),
    path("drafts", home.own_drafts, name="drafts"),
    path("inbox/later/", home.put_off, name="put_off"),
    path("inbox/later/<str:key>/", home.snooze, name="snooze"),
    path("views/", daily.saved_views, name="views"),
    path("views/counts", daily.view_counts, name="view_counts"),
    path("views/<int:pk>/", daily.view_edit, name="view_edit"),
    path("views/<int:pk>/act", daily.view_act, name="view_act"),
    path("bulk/", daily.bulk_runs, name="bulk_runs"),
    path("bulk/<int:pk>/", daily.bulk_run, name="bulk_run"),
    path("bulk/<int:pk>/progress", daily.bulk_progress, name="bulk_progress"),
    path("bulk/<int:pk>/act", daily.bulk_act, name="bulk_act"),
    path("bulk/<int:pk>/left.<str:file_format>", daily.bulk_file, name="bulk_file"),
    path("phrases/", daily.own_phrases, name="phrases"),
    path("phrases/pick", daily.pick_phrase, name="pick_phrase"),
    path("phrases/<int:pk>/", daily.phrase_edit, name="phrase_edit"),
    path("phrases/<int:pk>/act", daily.phrase_act, name="phrase_act"),
    path("help/", home.manual, name="help"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("suggestions/<int:pk>/", suggestions.suggestion, name="suggestion"),
    path("done/", journal.done, name="done"),
    path("downloads/", operations.downloads, name="downloads"),
    path("downloads/<int:pk>/progress", operations.download_progress, name="download_progress"),
    path("downloads/<int:pk>/file", operations.download_file, name="download_file"),
    path("messages/", outbox.outbox, name="messages"),
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
