"""Builders of bad ratings and their loops."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django.utils import timezone

from tests import make
from xinfu.core import privacy
from xinfu.ratings import actions
from xinfu.ratings.flow import FLOW, Status
from xinfu.ratings.models import BadRating, CallBackKind, Rating

_serial = itertools.count(1)
WAY = {
    Status.OPEN: (),
    Status.APPEALED: ("appeal",),
    Status.INVALID: ("appeal", "uphold"),
    Status.APPEAL_REJECTED: ("appeal", "reject"),
    Status.RECTIFYING: ("accept",),
    Status.RECTIFIED: ("accept", "finish"),
    Status.CANNOT_ASKED: ("accept", "cannot"),
    Status.CANNOT: ("accept", "cannot", "allow"),
    Status.CANNOT_REJECTED: ("accept", "cannot", "refuse"),
}
"""By which moves each state is reached."""


def rating(office: Any, at: datetime, *, named: bool = True, level: int = 1, **values: Any) -> Rating:
    """Make a rating by name (with a telephone), or an anonymous one."""
    n = next(_serial)
    person = {"name": "章明明", "phone": "13800001234"} if named else {}
    said: dict[str, Any] = {
        "code": f"R{n:08}", "case_key": privacy.digest(f"case-{n}"), "channel": "3", "level": level,
        "reason_codes": "110,115", "text": "等了很久", "is_anonymous": not named, "rated_at": at,
        "rated_on": timezone.localdate(at), "item_name": "企业设立登记", "department": office.unit_a,
        "window": office.window_a1, "sealed": privacy.seal(person) if person else b"",
    }  # fmt: skip
    return Rating.objects.create(**{**said, **values})


def loop(
    office: Any,
    at: datetime,
    *,
    state: Status = Status.OPEN,
    called: bool = True,
    named: bool = True,
    **values: Any,
) -> BadRating:
    """Bring a loop into a state through the actions."""
    found = actions.open_loop(rating=rating(office, at, named=named, **values), by=make.SYSTEM, at=at)
    if named and (called or state != Status.OPEN):
        call(found, at)
    for move in WAY[state]:
        found = actions.move_loop(loop=found, move=move, note="已核实", by=make.SYSTEM, at=at)
    assert found.status == state
    return BadRating.objects.select_related("rating", "department", "judge").get(pk=found.pk)


def call(found: BadRating, at: datetime, *, reached: bool = True) -> None:
    said = "已了解情况" if reached else ""
    actions.call_back(
        loop=found, kind=CallBackKind.FIRST, is_reached=reached, said=said, by=make.SYSTEM, at=at
    )


MOVES = [move.name for move in FLOW.moves]
