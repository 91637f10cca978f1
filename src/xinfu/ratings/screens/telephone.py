"""The telephone list of those who did not rate."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
