"""What waits for an actor of the bad ratings: the morning's sheet, handling, judging, what was raised to the unit."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.ratings.access import Can
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating
from xinfu.ratings.queries.loop import (
    HANDLED_CODES,
    MOST_TODOS,
    SHEET_TIME,
    Now,
    due_of,
    judge_due_on,
    mine,
    now,
    to_judge,
)

# --- the inbox -----------------------------------------------------------------------------------


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return the morning's sheet, what is to be handled, what is to be judged, and what was raised to the unit."""
    if not (actor.may(Can.HANDLE) or actor.may(Can.JUDGE)):
        return []
    today, waiting = now(at), _waiting(actor)
    return [
        *(_handling(actor, today) if waiting["mine"] else ()),
        *(_judging(actor, today) if waiting["judged"] else ()),
        *_raised(waiting["raised"], today),
    ]


def _waiting(actor: Actor) -> dict[str, int]:
    """Return how many loops wait of each kind, asked at once: most days nothing does."""
    reach = Q(raised_to_id=actor.unit_id)
    if actor.may(Can.SPOT_CHECK):
        reach |= Q(raised_to__parent=None)
    raised = reach & Q(raised_to__isnull=False, status__in=HANDLED_CODES)
    found: dict[str, int] = BadRating.objects.filter(finished_at=None).aggregate(
        mine=Count("pk", filter=mine(actor)),
        judged=Count("pk", filter=to_judge(actor)),
        raised=Count("pk", filter=raised),
    )
    return found


def _handling(actor: Actor, today: Now) -> list[Todo]:
    scope = actor.scope(Can.HANDLE)
    if not actor.may(Can.HANDLE) or scope.everything:
        return []
    rows = BadRating.objects.filter(mine(actor), finished_at=None).order_by("rectify_due_on", "pk")
    found = list(rows.select_related("rating", "department", "judge")[: MOST_TODOS + 1])
    out = [_todo(loop, today) for loop in found[:MOST_TODOS]]
    if len(found) > MOST_TODOS:
        out.append(_count("办理", "件差评待处置", "mine", rows.count(), today.day, "本单位承办"))
    local_time = timezone.localtime(today.at)
    if found and local_time.time() >= SHEET_TIME and today.calendar.is_workday(today.day):
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
    Status.APPEALED: ("审核", "承办单位等待审核结果"),
    Status.CANNOT_ASKED: ("审核", "承办单位等待审核结果"),
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


def _judging(actor: Actor, today: Now) -> list[Todo]:
    rows = BadRating.objects.filter(to_judge(actor), finished_at=None).order_by("moved_at", "pk")
    found = list(rows.select_related("rating", "department")[: MOST_TODOS + 1])
    out = []
    for loop in found[:MOST_TODOS]:
        verb, consequence = VERBS[Status(loop.status)]
        out.append(
            Todo(
                verb=verb,
                title=f"{loop.get_status_display()}：{loop.department}",
                url=reverse("ratings:loop", args=[loop.rating.code]),
                asked_by=str(loop.department),
                due_on=judge_due_on(loop, today),
                arrived_at=loop.moved_at,
                why="本单位审核",
                kind="差评审核",
                consequence=consequence,
            )
        )
    if len(found) > MOST_TODOS:
        out.append(_count("审核", "件差评待审核", "judge", rows.count(), today.day, "本单位审核"))
    return out


def _raised(number: int, today: Now) -> list[Todo]:
    """Return one line for the overdue loops that were raised to the actor's unit; the office's goes to its section."""
    return (
        [_count("督办", "件超期差评提请督办", "raised", number, today.day, "下级单位超期")] if number else []
    )
