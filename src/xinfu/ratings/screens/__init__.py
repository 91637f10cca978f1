"""Screens of ratings: ways in, the loop of the bad ones, statistics."""

from __future__ import annotations

from xinfu.ratings.screens import loop, public, receipt, statistics

app_name = "ratings"
urlpatterns = [*public.urls, *receipt.urls, *loop.urls, *statistics.urls]
