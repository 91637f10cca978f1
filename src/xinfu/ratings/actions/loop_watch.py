"""What the clock does to open loops: a warning before the day, and after it one unit higher up the tree at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from xinfu.core import holidays, journal
from xinfu.core.actor import Actor
from xinfu.lib.workdays import Calendar
from xinfu.ratings import loop_local, terms
from xinfu.ratings.actions.loop import add_step, locked, open_loop
from xinfu.ratings.flow import HANDLED, Status
from xinfu.ratings.models import BAD_LEVELS, BadRating, Channel, Rating
from xinfu.ratings.terms import Terms

CHUNK = 500


def open_anonymous(*, by: Actor, at: datetime) -> int:
    """Open the loops of anonymous bad ratings of days before, in the order of their codes; none on a day off.

    Not at once: whoever has just served one person would know who wrote. They are received at the day's beginning.
    """
    today = timezone.localdate(at)
    if not holidays.calendar().is_workday(today):
        return 0
    start = timezone.make_aware(datetime.combine(today, datetime.min.time()))
    waiting = (
        Rating.objects.filter(is_anonymous=True, level__in=BAD_LEVELS, loop=None, rated_on__lt=today)
        .exclude(channel=Channel.DEFAULT)
        .order_by("code")
    )
    done = 0
    for rating in waiting:
        open_loop(rating=rating, by=by, at=start)
        done += 1
    return done


def watch(*, by: Actor, at: datetime) -> tuple[int, int]:
    """Warn of terms that end soon and tell the units above of those that have passed; return how many of each.

    Who is late is the unit that is to act: the owner, or while it judges the other one.
    """
    today, calendar = timezone.localdate(at), holidays.calendar()
    days = loop_local.terms_on(today)
    soon = terms.add(calendar, today, days.warn_days, days.count)
    rows = BadRating.objects.filter(finished_at=None)
    handled = rows.filter(status__in=[str(s) for s in HANDLED])
    warn = handled.filter(warned_on=None, rectify_due_on__gte=today, rectify_due_on__lte=soon)
    warned = sum(_warn(loop, today, by, at) for loop in _each(warn.exclude(status=Status.OPEN)))
    late = rows.filter(due_on__lt=today)
    raised = sum(_raise(loop, today, calendar, days, by, at) for loop in _each(late))
    return warned, raised


def _each(rows: QuerySet[BadRating]) -> Iterable[BadRating]:
    found: list[int] = list(rows.order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(found), CHUNK):
        chunk = BadRating.objects.filter(pk__in=found[place : place + CHUNK])
        yield from chunk.select_related("department", "judge").order_by("pk")


@transaction.atomic
def _warn(loop: BadRating, today: date, by: Actor, at: datetime) -> bool:
    changed = BadRating.objects.filter(pk=loop.pk, status=loop.status, warned_on=None).update(warned_on=today)
    if not changed:
        return False
    add_step(loop, move="warn", verb="临期提醒", source=loop.status, due_on=loop.rectify_due_on, by=by, at=at)
    journal.record("bad_rating.warned", loop, by=by, at=at, number=loop.number)
    return True


def above(loop: BadRating) -> list[int]:
    """Return the units above the one that is to act, the nearest first; itself where it stands at the top."""
    unit = loop.judge if terms.is_reviewed(loop.status) else loop.department
    if unit is None:
        return []
    path = [int(step) for step in unit.path.strip("/").split("/")]
    return list(reversed(path[:-1])) or path


def _raise(loop: BadRating, today: date, calendar: Calendar, days: Terms, by: Actor, at: datetime) -> bool:
    """Tell the next unit above, once for each; the count begins with the day after the term."""
    due = terms.due_on(loop.status, loop.verify_due_on, loop.rectify_due_on, loop.judge_due_on)
    late = max(terms.days_late(calendar, due, today, days.count), 1 if due < today else 0)
    units = above(loop)
    if not units or not late:
        return False
    target = units[min(terms.steps_up(late, days.raise_every), len(units)) - 1]
    if target == loop.raised_to_id or (
        loop.raised_to_id in units and units.index(loop.raised_to_id) > units.index(target)
    ):
        return False
    return _tell(loop, target, today, due, by, at)


@transaction.atomic
def _tell(loop: BadRating, target: int, today: date, due: date, by: Actor, at: datetime) -> bool:
    fresh = locked(loop)
    if fresh.status != loop.status or fresh.raised_to_id != loop.raised_to_id:
        return False
    fresh.raised_to_id, fresh.raised_on = target, today
    fresh.save(update_fields=["raised_to", "raised_on"])
    name = fresh.raised_to.short_name if fresh.raised_to else ""
    what = f"{fresh.judge}审核" if terms.is_reviewed(fresh.status) else ""
    add_step(fresh, move="raise", verb="超期提请督办", source=fresh.status, note=f"{what}已超期，提请{name}督办。",
             due_on=due, by=by, at=at)  # fmt: skip
    journal.record("bad_rating.raised", fresh, by=by, at=at, number=fresh.number, to=target)
    return True
