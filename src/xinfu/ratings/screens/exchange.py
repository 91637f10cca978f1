"""Files from and to the province's platform."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
