"""Cases pushed by other systems: the same checks, digests and load as a file's, in one transaction a call."""

from __future__ import annotations

import secrets
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from xinfu.cases.access import Can
from xinfu.cases.actions.imports import prepare
from xinfu.cases.actions.loading import Loader
from xinfu.cases.actions.locking import take_lock
from xinfu.cases.intake.fields import CASE
from xinfu.cases.intake.mapping import ISO_FORMATS, Mapping
from xinfu.cases.intake.sentences import Rejection
from xinfu.cases.intake.staging import Staging
from xinfu.cases.models import Case
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

MOST = 5000
NUMBERS = 500
PUSHED = Mapping(
    code="push",
    title="接口推送",
    record="case",
    zone=settings.TIME_ZONE,
    columns={name: (name,) for name in CASE},
    formats=ISO_FORMATS,
    due=("promise", "stated"),
)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of a push: counts, and the reason for each refused value (`row` counts from 1)."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    refusals: Sequence[Rejection]


def push_case(*, record: MappingOf[str, Any], by: Actor, at: datetime) -> Pushed:
    """Add or change one case; raises Refused with the first reason where it is not taken in."""
    pushed = push_cases(records=[record], by=by, at=at)
    if pushed.refusals:
        first = pushed.refusals[0]
        raise Refused("case_refused", first.reason, field=first.column)
    return pushed


def push_cases(*, records: Sequence[MappingOf[str, Any]], by: Actor, at: datetime) -> Pushed:
    """Add or change up to 5,000 cases under the fields' own names; the same push again changes nothing.

    Rows that are wrong, or lie outside of the system's reach, are refused one by one.
    Raises Refused: too many, none, or no permission.
    """
    by.require(Can.PUSH)
    if not 0 < len(records) <= MOST:
        raise Refused("bad_size", f"一次推送1到{MOST}件，现在是{len(records)}件，请分批。", field="cases")
    folder = Path(settings.HOME) / "tmp" / f"push-{secrets.token_hex(8)}"
    today = timezone.localdate(at) + timedelta(days=1)
    with Staging(folder, PUSHED, today) as staging:
        staging.read_records(records)
        units = _reach(by)
        accepted = prepare(staging, at, units=units)
        with transaction.atomic():
            take_lock()
            if units is not None:
                _refuse_foreign(staging, units)
            counts = Loader(staging, None, accepted, by, at).run(lambda done: None)
            refusals = list(staging.rejections())
            pushed = Pushed(
                len(records), counts.created, counts.updated, counts.unchanged, staging.rejected(), refusals
            )
            if counts.created or counts.updated:
                journal.record(
                    "cases.pushed",
                    "cases.Case",
                    by=by,
                    at=at,
                    digest=staging.digest(),
                    read=pushed.read,
                    created=pushed.created,
                    updated=pushed.updated,
                    rejected=pushed.rejected,
                )
    return pushed


def _refuse_foreign(staging: Staging, units: frozenset[int]) -> None:
    """Refuse the rows whose number belongs to a case of another unit."""
    numbers = [number for (number,) in staging.select("SELECT case_no FROM ready")]
    own = Q(department__in=units) | Q(town__in=units)
    for start in range(0, len(numbers), NUMBERS):
        held = Case.objects.filter(case_no__in=numbers[start : start + NUMBERS]).exclude(own)
        staging.reject_numbers(list(held.order_by("pk").values_list("case_no", flat=True)))


def _reach(by: Actor) -> frozenset[int] | None:
    scope = by.scope(Can.PUSH)
    return None if scope.everything else scope.units
