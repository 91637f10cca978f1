"""The loop of a bad rating: opened, called back, judged, rectified (hall.md §1.5–1.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from xinfu.core import holidays, journal
from xinfu.core.actor import Actor, system
from xinfu.core.evidence import check_files, note_of
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people import queries as people
from xinfu.ratings import loop_local, terms, triage
from xinfu.ratings.access import Can
from xinfu.ratings.flow import FINAL, FLOW, Status
from xinfu.ratings.models import BAD_LEVELS, BadRating, BadRatingFile, BadRatingStep, Rating

NEEDS_NOTE = frozenset({"appeal", "uphold", "reject", "finish", "extend", "cannot", "allow", "refuse"})


@transaction.atomic
def open_loop(*, rating: Rating, by: Actor, at: datetime) -> BadRating:
    """Open the loop of a rating of level 1 or 2; one that is open already is returned.

    Day 0 of both terms is the day of `at`. Raises Refused for a rating that is not bad.
    """
    if rating.level not in BAD_LEVELS:
        raise Refused("not_bad", "只有“不满意”和“非常不满意”的评价才进入差评处置。")
    Rating.objects.select_for_update().get(pk=rating.pk)  # who comes at the same moment waits here
    seen = BadRating.objects.filter(rating=rating).first()
    if seen is not None:
        return seen
    received_on = timezone.localdate(at)
    verify, rectify = terms.due_days(holidays.calendar(), received_on, loop_local.terms_on(received_on))
    owner_id = rating.department_id or rating.town_id
    topics = triage.topics(triage.split(rating.reason_codes))
    loop = BadRating.objects.create(
        rating=rating,
        number=rating.province_no or f"CP{rating.code}",
        department_id=owner_id,
        judge_id=judge_for(owner_id, received_on),
        triage=str(topics[0]) if topics else "",
        received_at=at,
        verify_due_on=verify,
        rectify_due_on=rectify,
        moved_at=at,
    )
    journal.record("bad_rating.opened", loop, by=by, at=at, number=loop.number, level=rating.level)
    return loop


def _is_kin(unit: Any, owner_id: int | None) -> bool:
    """Tell whether a unit is the owner, below it, or above it; the office, above all, may judge for each."""
    if owner_id is None:
        return False
    if f"/{owner_id}/" in unit.path:
        return True
    owners = people.departments(system("ratings")).filter(pk=owner_id, path__contains=f"/{unit.pk}/")
    return unit.kind != "office" and owners.exists()


def judge_for(owner_id: int | None, day: date) -> int | None:
    """Return the first of the units that judge which is another than the owner, and neither above nor below it."""
    for name in loop_local.judges_on(day):
        unit = people.find_department(name) if name.strip() else None
        if unit is not None and not _is_kin(unit, owner_id):
            return int(unit.pk)
    return None


# --- moves ---------------------------------------------------------------------------------------


@transaction.atomic
def move_loop(
    *,
    loop: BadRating,
    move: str,
    note: str = "",
    due_on: date | None = None,
    files: Sequence[StoredFile] = (),
    by: Actor,
    at: datetime,
) -> BadRating:
    """Take one step of the flow, with its note, day and files; two who act at once: the second is told what is now.

    `due_on`: the day to rectify by (accept), or the day that it is put off to (extend).
    """
    loop = locked(loop)
    FLOW.check(move, loop, by)
    text = note_of(note, is_needed=move in NEEDS_NOTE)
    today = timezone.localdate(at)
    changes = _changes(loop, move, due_on, today, at)
    source = loop.status
    FLOW.move(move, loop, by, moved_at=at, **changes)
    if move == "uphold":
        Rating.objects.filter(pk=loop.rating_id, excluded_at=None).update(excluded_at=at)
    step = add_step(loop, move=move, verb=FLOW[move].label, source=source, note=text,
                    due_on=changes.get("rectify_due_on", changes.get("judge_due_on")), by=by, at=at)  # fmt: skip
    attach(step, files, by=by)
    journal.record(
        f"bad_rating.{PAST[move]}",
        loop,
        by=by,
        at=at,
        number=loop.number,
        source=source,
        target=loop.status,
        due_on=loop.rectify_due_on.isoformat(),
        files=[file.sha256 for file in files],
    )
    return loop


PAST = {
    "accept": "accepted",
    "appeal": "appealed",
    "uphold": "upheld",
    "reject": "rejected",
    "finish": "rectified",
    "extend": "extended",
    "cannot": "cannot_asked",
    "allow": "cannot_allowed",
    "refuse": "cannot_refused",
}
"""Events of the moves: bad_rating.accepted, bad_rating.appealed, and so on."""


def locked(loop: BadRating) -> BadRating:
    """Read the row anew and keep it from others until the transaction ends.

    No join: PostgreSQL checks a row that it waited for against the units joined before, and would find none.
    """
    return BadRating.objects.select_for_update().get(pk=loop.pk)


def _changes(loop: BadRating, move: str, due_on: date | None, today: date, at: datetime) -> dict[str, Any]:
    """Return what a move changes besides the state; raises Refused where the day asked for is not open."""
    calendar, days = holidays.calendar(), loop_local.terms_on(timezone.localdate(loop.received_at))
    if move == "accept":
        due = due_on or loop.rectify_due_on
        why_not = terms.why_not_due(due, loop.rectify_due_on, today)
        return {"rectify_due_on": _unless(why_not, due), **NOT_WARNED}
    if move == "extend":
        if due_on is None:
            raise Refused("no_due_on", "请填延期到哪一天。", field="due_on")
        latest = terms.extended_latest(calendar, loop.rectify_due_on, days)
        why_not = terms.why_not_extended(due_on, loop.rectify_due_on, latest, today)
        return {"rectify_due_on": _unless(why_not, due_on), "is_extended": True, **NOT_WARNED}
    if move == "reject" and days.restarts:
        return {"rectify_due_on": terms.due_days(calendar, today, days)[1], **NOT_WARNED}
    if terms.is_reviewed(FLOW[move].target):
        asked = loop_local.terms_on(today)
        due = terms.add(calendar, today, asked.judge_days, asked.count)
        return {"asked_on": today, "judge_due_on": due, **NOT_RAISED}
    if move == "refuse" and days.pauses and loop.asked_on:
        due = terms.due_after_pause(calendar, loop.rectify_due_on, loop.asked_on, today, days.count)
        return {"rectify_due_on": due, **NOT_RAISED}
    if FLOW[move].target in FINAL:
        return {"finished_at": at, "finished_on": today}
    return NOT_RAISED if terms.is_reviewed(loop.status) else {}


NOT_RAISED: dict[str, Any] = {"raised_on": None, "raised_to_id": None}
"""Another unit is to act now: who was told of the one before is told no more of this."""
NOT_WARNED: dict[str, Any] = {"warned_on": None, **NOT_RAISED}


def _unless(why_not: str | None, due: date) -> date:
    if why_not:
        raise Refused("bad_due_on", why_not, field="due_on")
    return due


def add_step(
    loop: BadRating,
    *,
    move: str,
    verb: str,
    source: str,
    by: Actor,
    at: datetime,
    note: str = "",
    due_on: date | None = None,
) -> BadRatingStep:
    """Keep one line of the loop's history."""
    return BadRatingStep.objects.create(
        loop=loop, move=move, verb=verb, source=source, target=loop.status, note=note, due_on=due_on, at=at,
        by=by.key, by_name=by.name[:80], unit_name=by.unit_name[:80],
    )  # fmt: skip


def attach(step: BadRatingStep, files: Sequence[StoredFile], *, by: Actor) -> None:
    check_files(files, by=by)
    for file in files:
        BadRatingFile.objects.create(step=step, digest=file.sha256, name=file.name[:200])


# --- handing over --------------------------------------------------------------------------------


@transaction.atomic
def hand_over(
    *,
    loop: BadRating,
    department_id: int,
    note: str,
    files: Sequence[StoredFile] = (),
    by: Actor,
    at: datetime,
) -> BadRating:
    """Give a bad rating that stands with the wrong unit, or with none, to the one in charge; the terms run on."""
    loop = locked(loop)
    if not by.may(Can.SPOT_CHECK):
        raise Forbidden("转办由考评科办理。")
    unit = people.get_department(by, department_id)
    if loop.status not in (Status.OPEN, Status.APPEAL_REJECTED):
        raise Refused("wrong_state", f"当前状态是“{loop.get_status_display()}”，不能转办。")
    if unit.pk == loop.department_id:
        raise Refused("same_unit", f"这件差评已由{unit}承办。", field="department")
    text = note_of(note, is_needed=True)
    loop.department, loop.judge_id = unit, judge_for(unit.pk, timezone.localdate(at))
    BadRating.objects.filter(pk=loop.pk).update(department=unit, judge_id=loop.judge_id, moved_at=at)
    verb = f"转办至{unit}"[:30]
    step = add_step(loop, move="hand_over", verb=verb, source=loop.status, note=text, by=by, at=at)
    attach(step, files, by=by)
    journal.record("bad_rating.handed_over", loop, by=by, at=at, number=loop.number, unit=unit.code)
    return loop
