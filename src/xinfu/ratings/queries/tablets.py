"""Tablets at windows, what they are asked, how often nobody rated; the actor comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import OuterRef, Q, QuerySet, Subquery

from xinfu.core import local
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import NotFound
from xinfu.people import queries as people
from xinfu.ratings import tablet_local
from xinfu.ratings.access import Can
from xinfu.ratings.models import RequestState, Tablet, TabletMonth, TabletRequest
from xinfu.ratings.models.tablet import TabletQuerySet
from xinfu.ratings.statistics_local import SMALLEST_GROUP

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """What a window asked in a month that is over; `is_few`: too few to be told."""

    window: str
    month: date
    asked: int
    unrated: int
    is_few: bool


def tablets(actor: Actor) -> TabletQuerySet:
    """Return the tablets in use or waiting for their device, and those that ended, of the actor's units."""
    return Tablet.objects.visible_to(actor).select_related("window__department")


def get_tablet(actor: Actor, code: str) -> Tablet:
    found = tablets(actor).filter(code=code).first()
    if found is None:
        raise NotFound()
    return found


def window_choices(actor: Actor, permission: Can, *, paired: bool = False) -> list[tuple[str, str]]:
    """Return the open windows within a permission's reach, as choices; `paired`: only those with a tablet."""
    scope = actor.scope(permission)
    rows = people.windows(system("ratings")).open()
    if not scope.everything:
        rows = rows.filter(department__in=scope.units)
    if paired:
        rows = rows.filter(
            pk__in=Tablet.objects.filter(paired_at__isnull=False, ended_at=None).values("window")
        )
    return [(str(w.pk), f"{w.name}（{w.department.short_name}）") for w in rows]


def tablet_at(code: str, at: datetime) -> Tablet | None:
    """Return a tablet with `asked`, the code of what is open at its window now: one statement, for a poll."""
    waiting = TabletRequest.objects.filter(
        window=OuterRef("window"), state=RequestState.OPEN, open_until__gt=at
    )
    rows = Tablet.objects.select_related("window").annotate(asked=Subquery(waiting.values("code")[:1]))
    return rows.filter(code=code, paired_at__isnull=False, ended_at=None).first()


def request_at(code: str) -> TabletRequest | None:
    """Return what a tablet shows, with its case."""
    return TabletRequest.objects.select_related("case__department").filter(code=code).first()


def get_request(actor: Actor, code: str) -> TabletRequest:
    """Return an asking of the actor's windows."""
    scope = actor.scope(Can.ASK)
    rows = TabletRequest.objects.select_related("window").filter(code=code, is_pushed=False)
    found = (rows if scope.everything else rows.filter(window__department__in=scope.units)).first()
    if found is None:
        raise NotFound("没有这次请评，或已过了一天。")
    return found


def get_pushed(actor: Actor, code: str) -> TabletRequest:
    """Return what the same system pushed."""
    rows = TabletRequest.objects.select_related("window").filter(code=code, is_pushed=True)
    found = rows.filter(asked_by=actor.key).first()
    if found is None:
        raise NotFound("没有这次推送，或已过了一天。")
    return found


def is_pending(row: TabletRequest, at: datetime) -> bool:
    return row.state == RequestState.OPEN and at < row.open_until


def is_lapsed(row: TabletRequest, at: datetime) -> bool:
    """Tell whether nobody rated what a system pushed."""
    return row.state == RequestState.LAPSED or (row.state == RequestState.OPEN and at >= row.open_until)


def is_online(tablet: Tablet, at: datetime) -> bool:
    return tablet.seen_at is not None and at - tablet.seen_at <= tablet_local.OFFLINE


def months(actor: Actor, today: date) -> list[Month]:
    """Return the last twelve months that are over, by window; the running one would tell of single customers."""
    least = int(local.on(SMALLEST_GROUP, today).value)
    this = today.replace(day=1)
    rows: QuerySet[TabletMonth] = TabletMonth.objects.select_related("window").filter(
        month__lt=this, month__gte=(this - timedelta(days=365)).replace(day=1)
    )
    scope = actor.scope(Can.TABLETS)
    if not scope.everything:
        rows = rows.filter(Q(window__department__in=scope.units))
    return [
        Month(str(r.window), r.month, *((0, 0, True) if r.asked < least else (r.asked, r.unrated, False)))
        for r in rows.order_by("-month", "window__order", "window__code")
    ]
