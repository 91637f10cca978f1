"""Records of the province's platform, in and out."""

from __future__ import annotations

from ninja import Router

router = Router()
