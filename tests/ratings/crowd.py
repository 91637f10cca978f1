"""Many ratings of one window or item, for tests that look at crowds: written as rows, with no case behind them."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from xinfu.core.privacy import digest, seal
from xinfu.ratings.actions import rows as tables
from xinfu.ratings.models import Origin, Stage, UserKind


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating; an anonymous one is stored without case, person and time of day."""

    case_no: str
    case_id: int | None
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


def write(rated: Iterable[Rated]) -> None:
    """Write the ratings as the intake does."""
    made = sorted((_row(one) for one in rated), key=lambda pair: pair[0].code)
    ids = tables.ids_for(len(made))
    tables.insert_ratings((pk, *row, sealed) for pk, (row, sealed) in zip(ids, made, strict=True))


def _row(one: Rated) -> tuple[tables.Row, bytes]:
    local_time = timezone.localtime(one.rated_at)
    midnight = local_time.replace(hour=0, minute=0, second=0, microsecond=0)
    row = tables.Row(
        code=b32encode(digest(f"{one.case_no} 2 1"))[:16].decode(), province_no="", origin=Origin.LOCAL.value,
        case_id=None if one.is_anonymous else one.case_id, case_key=digest(one.case_no),
        stage=Stage.FINISHED.value, turn=1, channel=one.channel, level=one.level,
        reason_codes=",".join(one.reasons), text=one.text, is_anonymous=one.is_anonymous,
        may_publish=one.may_publish, rated_at=midnight if one.is_anonymous else one.rated_at,
        rated_on=local_time.date(), item_code=one.item_code, item_name=one.item_name, item_id=one.item_id,
        department_id=one.department_id, window_id=one.window_id, town_id=one.town_id,
        user_kind=UserKind.PERSON.value,
    )  # fmt: skip
    person = {"name": one.name, "phone": one.phone, "case_no": one.case_no}
    return row, b"" if one.is_anonymous else seal(person)
