"""The journal's one line a day over all ratings: it shows tampering and tells nobody who rated when."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.db import transaction

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.ratings.models import Rating


@transaction.atomic
def seal_day(*, day: date, by: Actor, at: datetime) -> str:
    """Write how many ratings a day has and the SHA-256 over their lines `code level reasons`, in order of code.

    Anonymous ratings have no line of their own, as its place would tell when they were made.
    """
    found = Rating.objects.filter(rated_on=day).order_by("code")
    lines = [f"{r.code} {r.level} {r.reason_codes}" for r in found.only("code", "level", "reason_codes")]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if lines:
        journal.record(
            "ratings.day_sealed",
            "ratings.Rating",
            by=by,
            at=at,
            day=day.isoformat(),
            ratings=len(lines),
            digest=digest,
        )
    return digest
