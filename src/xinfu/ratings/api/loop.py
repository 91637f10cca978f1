"""Bad ratings: their state and their moves."""

from __future__ import annotations

from ninja import Router

router = Router()
