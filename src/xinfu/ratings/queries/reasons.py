"""The national reason list and what of it this county offers, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.ratings import codes
from xinfu.ratings.access import Can
from xinfu.ratings.codes import Reason
from xinfu.ratings.models import ReasonSwitch


@dataclass(frozen=True, slots=True)
class ReasonState:
    """One option of the national list: fixed, on or off today, and all that was and will be switched, latest first.

    `coming`: what is set and not yet in force, the next first.
    """

    reason: Reason
    is_on: bool
    switches: list[ReasonSwitch]
    coming: list[ReasonSwitch]


def reason_states(actor: Actor, today: date) -> list[ReasonState]:
    """Return the whole national list with its state in this county, the best level first, by one query."""
    actor.require(Can.SET_UP)
    switches: dict[str, list[ReasonSwitch]] = {}
    for row in ReasonSwitch.objects.order_by("-since"):
        switches.setdefault(row.code, []).append(row)
    return [
        ReasonState(
            reason,
            reason.is_core or _is_on(rows, today),
            rows,
            [row for row in reversed(rows) if row.since > today],
        )
        for reason in sorted(codes.REASONS.values(), key=lambda r: (-r.level, r.code))
        for rows in [switches.get(reason.code, [])]
    ]


def _is_on(switches: Sequence[ReasonSwitch], today: date) -> bool:
    return next((row.is_on for row in switches if row.since <= today), False)


def reason_state(actor: Actor, code: str, today: date) -> ReasonState:
    found = next((s for s in reason_states(actor, today) if s.reason.code == code), None)
    if found is None:
        raise NotFound("国家目录里没有这条在用理由。")
    return found
