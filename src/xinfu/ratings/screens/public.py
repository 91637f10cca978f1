"""Pages that citizens see: rating by a signed link, what was rated of a window or an item."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
