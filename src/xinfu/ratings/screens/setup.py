"""Which ways and reasons are offered in this county."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
