"""API of ratings: the province's channels, the loop, exchange."""

from __future__ import annotations

from ninja import Router

from xinfu.ratings.api import exchange, loop, ratings

router = Router(tags=["好差评"])
router.add_router("", ratings.router)
router.add_router("loops", loop.router)
router.add_router("exchange", exchange.router)
