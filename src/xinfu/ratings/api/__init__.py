"""API of ratings: the loop of the bad ones, exchange."""

from __future__ import annotations

from ninja import Router

from xinfu.ratings.api import exchange, loop

router = Router(tags=["好差评"])
router.add_router("loops", loop.router)
router.add_router("exchange", exchange.router)
