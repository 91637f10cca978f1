"""Due days computed anew: after a stop began or ended, a change of the calendar, or the next year's publication."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from xinfu.cases import rules
from xinfu.cases.actions.locking import bump, take_lock
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.local import accept_days
from xinfu.cases.models import Case, CasePause, DueKind
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.lib.workdays import Calendar, last_instant

CHUNK = 1000
COLUMNS = ("accept_due_on", "due_on", "due_at", "due_kind", "due_provisional", "paused_on", "paused_days",
           "handling_days")  # fmt: skip


def zone_of(case: Case) -> ZoneInfo:
    """Return the zone in which the case's civil days are counted: that of the mapping that brought it."""
    known = mappings.zone_named(case.batch.mapping) if case.batch is not None else None
    return known or ZoneInfo(settings.TIME_ZONE)


def facts_of(case: Case, *, accept_limit: int) -> rules.Facts:
    """Return what the clocks of a stored case depend on."""
    version = case.item_version
    days, kind = case.promise_days, "workday"
    if days is None and version is not None:
        days, kind = version.promise_days, version.promise_kind
    has_accept_clock = case.accept_due_on is not None
    item_limit = version.accept_limit_days if version is not None else None
    return rules.Facts(
        received_on=case.received_on,
        accepted_on=case.accepted_on,
        finished_on=case.finished_on,
        state=case.state,
        project_type=case.project_type,
        promise_days=days,
        promise_kind=kind,
        accept_limit=rules.accept_limit(case.received_on, item_limit, accept_limit)
        if has_accept_clock
        else None,
        stated_due_on=case.due_on if case.due_kind == DueKind.STATED else None,
        is_contradictory=bool(case.quality & 7),
    )


def stops_of(pauses: Iterable[CasePause], zone: ZoneInfo) -> list[rules.Stop]:
    return [
        rules.Stop(
            p.kind,
            timezone.localdate(p.started_at, zone),
            timezone.localdate(p.ended_at, zone) if p.ended_at else None,
        )
        for p in pauses
    ]


def reclock(cases: Sequence[Case], by_calendar: Calendar, at: datetime) -> list[Case]:
    """Compute and store the clocks of cases anew, inside the caller's transaction; return those that changed."""
    pauses: dict[int, list[CasePause]] = {}
    for pause in CasePause.objects.filter(case__in=[c.pk for c in cases]).order_by("case_id", "started_at"):
        pauses.setdefault(pause.case_id, []).append(pause)
    limit = accept_days(timezone.localdate(at))
    changed, rows = [], []
    for case in cases:
        before = tuple(getattr(case, c) for c in COLUMNS)
        _set_clocks(case, pauses.get(case.pk, []), by_calendar, limit)
        after = tuple(getattr(case, c) for c in COLUMNS)
        if after != before:
            changed.append(case)
            rows.append([*after, at, case.pk])
    _update(rows)
    return changed


def _set_clocks(case: Case, pauses: Sequence[CasePause], by_calendar: Calendar, limit: int) -> None:
    zone = zone_of(case)
    found = rules.clocks(by_calendar, facts_of(case, accept_limit=limit), stops_of(pauses, zone))
    case.accept_due_on = found.accept_due_on
    case.paused_on, case.paused_days, case.handling_days = (
        found.paused_on,
        found.paused_days,
        found.handling_days,
    )
    if case.due_kind == DueKind.STATED:
        return
    case.due_on, case.due_provisional = found.due_on, found.provisional
    case.due_kind = DueKind.COMPUTED if found.due_on else DueKind.NONE
    case.due_at = last_instant(found.due_on, zone).astimezone(UTC) if found.due_on else None


def _update(rows: list[list[Any]]) -> None:
    if not rows:
        return
    pairs = ", ".join(f"{c} = %s" for c in COLUMNS)
    fields = [f for c in (*COLUMNS, "changed_at") for f in Case._meta.local_concrete_fields if f.column == c]
    ready = [
        [*(f.get_db_prep_save(v, connection) for f, v in zip(fields, row[:-1], strict=True)), row[-1]]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE cases_case SET {pairs}, changed_at = %s WHERE id = %s", ready)


def with_parts(pks: Iterable[int]) -> list[Case]:
    """Return cases with what their clocks need, in the order of their keys."""
    return list(Case.objects.filter(pk__in=list(pks)).select_related("item_version", "batch").order_by("pk"))


def recompute_due(*, by: Actor, at: datetime) -> int:
    """Compute the due days of open cases, and of all that are provisional, anew; return how many moved.

    One short transaction a chunk, one journal line where anything moved.
    """
    wanted = Case.objects.filter(Q(finished_at=None) | Q(due_provisional=True), due_kind=DueKind.COMPUTED)
    by_calendar, moved, last = calendar(), 0, 0
    while pks := list(wanted.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        last = pks[-1]
        with transaction.atomic():
            take_lock()
            changed = reclock(with_parts(pks), by_calendar, at)
            if changed:
                bump(f"{c.received_on:%Y-%m}" for c in changed)
                moved += len(changed)
    if moved:
        with transaction.atomic():
            journal.record("cases.due_recomputed", "cases.Case", by=by, at=at, moved=moved)
    return moved
