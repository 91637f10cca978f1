"""The fifteen views of ratings as one list."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
