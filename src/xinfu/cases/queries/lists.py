"""Lists of cases: filters, lights and counts, the actor's reach always first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce

from xinfu.cases import local, rules
from xinfu.cases.models import Case, CaseQuerySet, DueKind, Quality
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.privacy import digest
from xinfu.core.refusal import NotFound
from xinfu.core.registry import Found

TAIL = 6
LISTED = ("department", "window", "town", "item_version")
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to; empty values narrow nothing. Days are inclusive.

    `text`: case number, its last 6 or more characters, or a whole identity or telephone number. `light`: late,
    soon, paused. `mark`: one bit of Quality, or -1 for any. `item`: id of catalog.Item.
    """

    text: str = ""
    state: str = ""
    states: tuple[str, ...] = ()
    department: int | None = None
    window: int | None = None
    town: int | None = None
    item: int | None = None
    channel: str = ""
    received_from: date | None = None
    received_to: date | None = None
    accepted_from: date | None = None
    accepted_to: date | None = None
    finished_from: date | None = None
    finished_to: date | None = None
    light: str = ""
    mark: int = 0
    batch: int | None = None
    unified: bool | None = None
    project_type: str = ""
    finish_kind: str = ""
    ids: tuple[int, ...] = field(default=())


def cases(actor: Actor, wanted: CaseFilter | None = None, today: date | None = None) -> CaseQuerySet:
    """Return the visible cases that fit, latest receipt first, with their names at hand.

    `today` is needed where `light` is asked for.
    """
    wanted = wanted or CaseFilter()
    rows = Case.objects.visible_to(actor).filter(*_exact(wanted), *_days(wanted))
    if wanted.text.strip():
        rows = rows.filter(_named(wanted.text))
    if wanted.mark:
        rows = rows.filter(quality__gt=0)
        rows = (
            rows
            if wanted.mark < 0
            else rows.annotate(marked=F("quality").bitand(wanted.mark)).filter(marked__gt=0)
        )
    if wanted.light:
        assert today is not None
        rows = {"late": late, "soon": soon, "paused": paused}[wanted.light](rows, today)
    return rows.select_related(*LISTED).order_by("-received_at", "-pk")


def _exact(wanted: CaseFilter) -> list[Q]:
    pairs = {
        "state": wanted.state or None,
        "state__in": wanted.states or None,
        "department": wanted.department,
        "window": wanted.window,
        "town": wanted.town,
        "item_version__item": wanted.item,
        "channel": wanted.channel or None,
        "batch": wanted.batch,
        "is_unified": wanted.unified,
        "project_type": wanted.project_type or None,
        "finish_kind": wanted.finish_kind or None,
        "pk__in": wanted.ids or None,
    }
    return [Q((name, value)) for name, value in pairs.items() if value is not None]


def _days(wanted: CaseFilter) -> list[Q]:
    pairs = {
        "received_on__gte": wanted.received_from,
        "received_on__lte": wanted.received_to,
        "accepted_on__gte": wanted.accepted_from,
        "accepted_on__lte": wanted.accepted_to,
        "finished_on__gte": wanted.finished_from,
        "finished_on__lte": wanted.finished_to,
    }
    found = [Q((name, value)) for name, value in pairs.items() if value is not None]
    return found + _instants(wanted)


def _instants(wanted: CaseFilter) -> list[Q]:
    """Bound the receipt by instants a day wider too: that is what the indexes are on."""
    found = []
    if wanted.received_from is not None:
        found.append(
            Q(received_at__gte=datetime.combine(wanted.received_from, time(), UTC) - timedelta(days=1))
        )
    if wanted.received_to is not None:
        found.append(Q(received_at__lt=datetime.combine(wanted.received_to, time(), UTC) + timedelta(days=2)))
    return found


def _named(text: str) -> Q:
    """Find by number, by its tail, or by a personal value as a whole; never by parts of hidden digits."""
    word = text.strip()
    found = Q(case_no=word) | Q(id_digest=digest(word)) | Q(phone_digest=digest(word))
    if len(word) >= TAIL:
        found |= Q(case_tail=word[-TAIL:], case_no__endswith=word)
    return found


# --- lights --------------------------------------------------------------------------------------


def open_cases(rows: CaseQuerySet) -> CaseQuerySet:
    return rows.filter(finished_at=None, state__in=rules.OPEN_STATES, due_on__isnull=False)


def late(rows: CaseQuerySet, today: date) -> CaseQuerySet:
    """Keep open cases whose due day had passed when the clock last ran."""
    return open_cases(rows).filter(due_on__lt=Coalesce(F("paused_on"), today)).filter(due_on__lt=today)


def paused(rows: CaseQuerySet, today: date) -> CaseQuerySet:
    return rows.filter(finished_at=None, paused_on__isnull=False)


def soon(rows: CaseQuerySet, today: date) -> CaseQuerySet:
    """Keep open cases that are yellow: few working days left, absolutely or as a share of their limit."""
    workdays, percent = local.soon(today)
    by_calendar = calendar()
    steps = [Q(due_on__lte=by_calendar.add_workdays(today, workdays))]
    if percent:
        steps += [
            Q(promise_days__gte=-(-left * 100 // percent), due_on__lte=by_calendar.add_workdays(today, left))
            for left in range(workdays + 1, rules.SOON_CAP + 1)
        ]
    return open_cases(rows).filter(reduce(or_, steps), paused_on=None, due_on__gte=today)


def lights(rows: Iterable[Case], today: date) -> dict[int, rules.Light]:
    """Return case id → light of the cases of one page."""
    soon_at, by_calendar = local.soon(today), calendar()
    return {
        case.pk: rules.light(
            by_calendar,
            today,
            due_on=case.due_on,
            limit=case.promise_days,
            finished_on=case.finished_on,
            ended=case.state not in rules.OPEN_STATES,
            paused_on=case.paused_on,
            was_late=was_late(case),
            soon=soon_at,
        )
        for case in rows
    }


def was_late(case: Case) -> bool | None:
    """Tell whether a case with a stated due instant was finished after it; None where days decide."""
    if case.due_kind != DueKind.STATED or case.finished_at is None or case.due_at is None:
        return None
    return case.finished_at > case.due_at


def overdue_cases(actor: Actor, today: date) -> CaseQuerySet:
    """Return open cases past their due day, the longest overdue first."""
    rows = late(Case.objects.visible_to(actor), today)
    return rows.select_related(*LISTED).order_by("due_on", "department_id", "pk")


def soon_due_cases(actor: Actor, today: date) -> CaseQuerySet:
    """Return open cases that are due soon, the next due first."""
    rows = soon(Case.objects.visible_to(actor), today)
    return rows.select_related(*LISTED).order_by("due_on", "department_id", "pk")


def count_up_to(rows: QuerySet[Case], most: int = MOST_COUNTED) -> tuple[int, bool]:
    """Return the number of rows, and whether it is exact: beyond `most` a list says “10,000 以上”."""
    number = rows.order_by()[: most + 1].count()
    return min(number, most), number <= most


def quality_counts(actor: Actor) -> list[tuple[Quality, int]]:
    """Return how many visible cases carry each data-quality mark."""
    rows = Case.objects.visible_to(actor).filter(quality__gt=0).order_by()
    by_value = rows.values_list("quality").annotate(n=Count("pk"))
    counts = dict.fromkeys(Quality, 0)
    for value, number in by_value:
        for mark in Quality:
            if value & mark:
                counts[mark] += number
    return [(mark, number) for mark, number in counts.items() if number]


def get_case(actor: Actor, pk: int) -> Case:
    return _one(actor, pk=pk)


def get_case_by_number(actor: Actor, case_no: str) -> Case:
    return _one(actor, case_no=case_no)


def _one(actor: Actor, **key: object) -> Case:
    found = Case.objects.visible_to(actor).select_related(*LISTED, "batch").filter(**key).first()
    if found is None:
        raise NotFound()
    return found


def find(actor: Actor, text: str, limit: int) -> list[Found]:
    """Answer the search across subjects: by number, its tail, or a whole identity or telephone number."""
    from django.urls import reverse

    from xinfu.cases.access import Can

    if len(text.strip()) < TAIL or not actor.may(Can.SEE):
        return []
    return [
        Found(
            case.item_name,
            f"{case.case_no} {case.get_state_display()}",
            reverse("cases:detail", args=[case.pk]),
            "办件",
        )
        for case in cases(actor, CaseFilter(text=text))[:limit]
    ]
