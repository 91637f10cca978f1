"""Screens of assigned items and of meetings."""

from __future__ import annotations

from xinfu.assignments.screens import items, meeting_parts, meetings

app_name = "assignments"
urlpatterns = [*items.urls, *meetings.urls, *meeting_parts.urls]
