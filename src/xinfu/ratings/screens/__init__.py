"""Screens of ratings: ways in, the loop of the bad ones, statistics."""

from __future__ import annotations

from xinfu.ratings.screens import (
    asking,
    listing,
    loop,
    public,
    published,
    receipt,
    setup,
    statistics,
    tablet,
    telephone,
)
from xinfu.ratings.screens import exchange as exchange_files

app_name = "ratings"
urlpatterns = [*public.urls, *receipt.urls, *listing.urls, *setup.urls, *loop.urls, *statistics.urls]
urlpatterns += published.urls
urlpatterns += [*tablet.urls, *asking.urls]
urlpatterns += telephone.urls
urlpatterns += exchange_files.urls
