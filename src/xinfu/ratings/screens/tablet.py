"""The window's tablet: five faces, a time-out."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
