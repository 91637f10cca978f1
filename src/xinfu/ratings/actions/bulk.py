"""Takes in many ratings at once, as rows that were checked before: one statement a thousand, one journal line a batch."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.privacy import digest, seal
from xinfu.ratings.access import Can
from xinfu.ratings.models import Rating, RatingReason

CHUNK = 4000


@dataclass(frozen=True, slots=True)
class BulkRating:
    """One rating of a known case; an anonymous one is stored without case, person and time of day."""

    case_no: str
    case_id: int
    rated_at: datetime
    level: int
    channel: str
    reasons: tuple[str, ...]
    text: str
    is_anonymous: bool
    may_publish: bool
    item_id: int | None
    item_code: str
    item_name: str
    department_id: int | None
    window_id: int | None
    town_id: int | None
    name: str = ""
    phone: str = ""


def load_ratings(*, rows: Iterable[BulkRating], source: str, by: Actor, at: datetime) -> int:
    """Write the first ratings of cases, leaving out those that are rated already; return how many are new.

    Loops of bad ones are not opened here. The entry in the journal names the source, the count and a digest only.
    """
    by.require(Can.EXCHANGE)
    seen, made, wanted = hashlib.sha256(), 0, iter(rows)
    while chunk := list(islice(wanted, CHUNK)):
        made += _write(chunk, seen)
    with transaction.atomic():
        journal.record(
            "ratings.loaded", source[:80], by=by, at=at, source=source, ratings=made, digest=seen.hexdigest()
        )
    return made


@transaction.atomic
def _write(chunk: Sequence[BulkRating], seen: hashlib._Hash) -> int:
    known = {
        bytes(key)
        for key in Rating.objects.filter(
            case_key__in=[digest(row.case_no) for row in chunk], stage="2", turn=1
        ).values_list("case_key", flat=True)
    }
    once = {rating.case_key: rating for rating in reversed(list(_ratings(chunk)))}
    new = [rating for key, rating in once.items() if key not in known]
    # By code, so that the running number within a chunk tells nothing of the order in which they came.
    new.sort(key=lambda rating: rating.code)
    made = Rating.objects.bulk_create(new, batch_size=1000)
    RatingReason.objects.bulk_create(
        (
            RatingReason(rating=rating, code=code)
            for rating in made
            for code in rating.reason_codes.split(",")
            if code
        ),
        batch_size=5000,
    )
    for rating in new:
        seen.update(f"{rating.code} {rating.level} {rating.reason_codes}\n".encode())
    return len(new)


def _ratings(chunk: Iterable[BulkRating]) -> Iterator[Rating]:
    for row in chunk:
        day = timezone.localtime(row.rated_at)
        start = day.replace(hour=0, minute=0, second=0, microsecond=0)
        yield Rating(
            code=b32encode(digest(f"{row.case_no} 2 1"))[:16].decode().lower(),
            case_id=None if row.is_anonymous else row.case_id,
            case_key=digest(row.case_no),
            channel=row.channel,
            level=row.level,
            reason_codes=",".join(row.reasons),
            text=row.text,
            is_anonymous=row.is_anonymous,
            may_publish=row.may_publish,
            rated_at=start if row.is_anonymous else row.rated_at,
            rated_on=day.date(),
            item_id=row.item_id,
            item_code=row.item_code,
            item_name=row.item_name,
            department_id=row.department_id,
            window_id=row.window_id,
            town_id=row.town_id,
            sealed=b""
            if row.is_anonymous
            else seal({"name": row.name, "phone": row.phone, "case_no": row.case_no}),
        )
