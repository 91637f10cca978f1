"""The one writer of cases, and the count of writes by which others notice."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import F, Sum

from xinfu.cases.models import MonthRevision

LOCK = 0x43415345  # advisory lock: every action that adds or changes cases holds it for one short transaction


def take_lock() -> None:
    """Wait until no other transaction writes cases (on SQLite the transaction itself is that lock)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def writes() -> int:
    """Return how many writes there have been: unchanged means that nobody wrote meanwhile."""
    return MonthRevision.objects.aggregate(n=Sum("revision"))["n"] or 0


def bump(months: Iterable[str]) -> int:
    """Raise the revision of months of receipt in the writing transaction; return how many there were."""
    wanted = sorted(set(months))
    known = set(MonthRevision.objects.filter(month__in=wanted).values_list("month", flat=True))
    MonthRevision.objects.filter(month__in=known).update(revision=F("revision") + 1)
    MonthRevision.objects.bulk_create(MonthRevision(month=m, revision=1) for m in wanted if m not in known)
    return len(wanted)
