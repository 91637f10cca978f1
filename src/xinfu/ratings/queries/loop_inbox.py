"""What waits for an actor of the bad ratings: the morning's sheet, handling, judging, what was raised to the unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.ratings.access import Can
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating
from xinfu.ratings.queries.loop import (
    MOST_TODOS,
    SHEET_TIME,
    Now,
    due_of,
    mine,
    now,
    raised,
    to_judge,
)

# --- the inbox -----------------------------------------------------------------------------------


MOST_READ = 60
"""Loops read at once for an inbox; where more wait, each kind is asked for by itself."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The first loops of one kind that wait for an actor, and how many there are."""

    first: list[BadRating]
    count: int


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return the morning's sheet, what is to be handled, what is to be judged, and what was raised to the unit."""
    if not any(actor.may(can) for can in (Can.HANDLE, Can.JUDGE, Can.SUPERVISE)):
        return []
    today, (handled, judged, above) = now(at), _waiting(actor)
    return [*_handling(handled, today), *_judging(judged, today), *_raised(above.count, today)]


def _waiting(actor: Actor) -> list[Waiting]:
    """Return what the actor is to handle, to judge, and what was raised to its unit, by one statement."""
    kinds = [_handled(actor), to_judge(actor), raised(actor)]
    flags = {f"is_{n}": ExpressionWrapper(kind, output_field=BooleanField()) for n, kind in enumerate(kinds)}
    found = list(_first(kinds[0] | kinds[1] | kinds[2], MOST_READ + 1).annotate(**flags))
    if len(found) > MOST_READ:
        rows = BadRating.objects.filter(finished_at=None)
        return [Waiting(list(_first(kind, MOST_TODOS)), rows.filter(kind).count()) for kind in kinds]
    parts = [[loop for loop in found if getattr(loop, flag)] for flag in flags]
    return [Waiting(part, len(part)) for part in parts]


def _first(kind: Q, most: int) -> QuerySet[BadRating]:
    """Return the first open loops of a kind, chosen by their keys alone, from the index of due days."""
    keys = BadRating.objects.filter(kind, finished_at=None).order_by("due_on", "pk").values("pk")[:most]
    rows = BadRating.objects.filter(pk__in=keys).select_related("rating", "department", "judge")
    return rows.order_by("due_on", "pk")


def _handled(actor: Actor) -> Q:
    return Q(pk=None) if actor.scope(Can.HANDLE).everything else mine(actor)


def _handling(waiting: Waiting, today: Now) -> list[Todo]:
    out = [_todo(loop, today) for loop in waiting.first[:MOST_TODOS]]
    if waiting.count > MOST_TODOS:
        out.append(_count("办理", "件差评待处置", "mine", waiting.count, today.day, "本单位承办"))
    local_time = timezone.localtime(today.at)
    if waiting.count and local_time.time() >= SHEET_TIME and today.calendar.is_workday(today.day):
        out.append(_sheet_todo(today, local_time))
    return out


def _todo(loop: BadRating, today: Now) -> Todo:
    verb, consequence = VERBS[Status(loop.status)]
    return Todo(
        verb=verb,
        title=f"{loop.rating.get_level_display()}：{loop.rating.item_name}"
        if not loop.rating.is_anonymous
        else f"{loop.rating.get_level_display()}：匿名评价",
        url=reverse("ratings:loop", args=[loop.rating.code]),
        asked_by="评价人",
        due_on=due_of(loop),
        arrived_at=loop.moved_at,
        why="本单位承办",
        kind="差评",
        consequence=consequence,
    )


VERBS = {
    Status.OPEN: ("核实", "超期未核实回访，提请上级单位督办"),
    Status.APPEAL_REJECTED: ("整改", "申诉已驳回，须整改；超期计入按期整改率"),
    Status.RECTIFYING: ("整改", "超期计入按期整改率，提请上级单位督办"),
    Status.CANNOT_REJECTED: ("整改", "无法整改未获同意，须继续整改"),
    Status.APPEALED: ("审核", "承办单位等待审核结果；超期提请上级单位督办"),
    Status.CANNOT_ASKED: ("审核", "承办单位等待审核结果；超期提请上级单位督办"),
}


def _count(verb: str, title: str, box: str, number: int, day: date, why: str) -> Todo:
    return Todo(
        verb=verb,
        title=f"{number}{title}",
        url=f"{reverse('ratings:loops')}?box={box}",
        asked_by="好差评",
        due_on=day,
        arrived_at=None,
        why=why,
        kind="差评",
        consequence="按期限从近到远办理",
        count=number,
    )


def _sheet_todo(today: Now, local_time: datetime) -> Todo:
    return Todo(
        verb="查看",
        title=f"{today.day.month}月{today.day.day}日差评处置单",
        url=reverse("ratings:loop-sheet"),
        asked_by="每日8:30",
        due_on=today.day,
        arrived_at=datetime.combine(today.day, SHEET_TIME, tzinfo=local_time.tzinfo),
        why="本单位承办",
        kind="差评处置单",
        consequence="逐件有办件情况和回访用语，可打印",
    )


def _judging(waiting: Waiting, today: Now) -> list[Todo]:
    out = []
    for loop in sorted(waiting.first, key=lambda loop: (loop.moved_at, loop.pk))[:MOST_TODOS]:
        verb, consequence = VERBS[Status(loop.status)]
        out.append(
            Todo(
                verb=verb,
                title=f"{loop.get_status_display()}：{loop.department}",
                url=reverse("ratings:loop", args=[loop.rating.code]),
                asked_by=str(loop.department),
                due_on=due_of(loop),
                arrived_at=loop.moved_at,
                why="本单位审核",
                kind="差评审核",
                consequence=consequence,
            )
        )
    if waiting.count > MOST_TODOS:
        out.append(_count("审核", "件差评待审核", "judge", waiting.count, today.day, "本单位审核"))
    return out


def _raised(number: int, today: Now) -> list[Todo]:
    return (
        [_count("督办", "件超期差评提请督办", "raised", number, today.day, "承办或审核单位超期")]
        if number
        else []
    )
