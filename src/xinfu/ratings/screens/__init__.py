"""Screens of ratings: ways in, the staff's list, the loop of the bad ones, statistics."""

from __future__ import annotations

from xinfu.ratings.screens import exchange, listing, loop, public, setup, statistics, tablet, telephone

app_name = "ratings"
urlpatterns = [
    *listing.urls,
    *public.urls,
    *tablet.urls,
    *telephone.urls,
    *setup.urls,
    *loop.urls,
    *statistics.urls,
    *exchange.urls,
]
