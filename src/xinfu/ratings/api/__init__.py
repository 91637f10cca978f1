"""API of ratings: single ones, the loop of the bad ones, exchange."""

from __future__ import annotations

from xinfu.ratings.api import exchange, loop, ratings, windows

router = ratings.root
router.add_router("loops", loop.router)
router.add_router("exchange", exchange.router)
router.add_router("windows", windows.router)
router.add_router("", ratings.router)
