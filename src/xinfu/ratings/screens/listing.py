"""The staff's list of ratings and one rating."""

from __future__ import annotations

from django.urls import URLPattern

urls: list[URLPattern] = []
