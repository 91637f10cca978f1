"""Takes in many ratings at once, as rows that were checked before: one statement a thousand, one journal line a batch."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.privacy import digest, seal
from xinfu.ratings.access import Can
from xinfu.ratings.actions.rows import COLUMNS, ids_for, insert, insert_ratings
from xinfu.ratings.models import Origin, Rating, RatingReason, Stage, UserKind

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
    keys = [digest(row.case_no) for row in chunk]
    rated = Rating.objects.filter(case_key__in=keys, stage=Stage.FINISHED, turn=1)
    known = {bytes(key) for key in rated.values_list("case_key", flat=True)}
    new: dict[bytes, dict[str, Any]] = {}
    for key, row in zip(keys, chunk, strict=True):
        if key not in known and key not in new:
            new[key] = _values(key, row)
    made = sorted(new.values(), key=lambda values: str(values["code"]))
    ids = ids_for(len(made))
    for pk, values in zip(ids, made, strict=True):
        values["id"] = pk
    insert_ratings(tuple(values[c] for c in COLUMNS) for values in made)
    reasons = [(v["id"], code) for v in made for code in v["reason_codes"].split(",") if code]
    insert(RatingReason._meta.db_table, ("rating_id", "code"), reasons)
    for values in made:
        seen.update(f"{values['code']} {values['level']} {values['reason_codes']}\n".encode())
    return len(made)


def _values(key: bytes, row: BulkRating) -> dict[str, Any]:
    day = timezone.localtime(row.rated_at)
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    person = {"name": row.name, "phone": row.phone, "case_no": row.case_no}
    return {
        "code": b32encode(digest(f"{row.case_no} 2 1"))[:16].decode(),
        "province_no": "", "origin": Origin.LOCAL.value, "case_id": None if row.is_anonymous else row.case_id,
        "case_key": key, "stage": Stage.FINISHED.value, "turn": 1, "channel": row.channel, "level": row.level,
        "reason_codes": ",".join(row.reasons), "text": row.text, "is_anonymous": row.is_anonymous,
        "may_publish": row.may_publish, "withheld_at": None, "withheld_by": "", "withheld_reason": "",
        "rated_at": start if row.is_anonymous else row.rated_at, "rated_on": day.date(),
        "item_code": row.item_code, "item_name": row.item_name, "item_id": row.item_id,
        "department_id": row.department_id, "window_id": row.window_id, "town_id": row.town_id,
        "user_kind": UserKind.PERSON.value, "sealed": b"" if row.is_anonymous else seal(person),
        "excluded_at": None,
    }  # fmt: skip
