"""Accepted rows into the database: chunk by chunk, each one short transaction, the same result however often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from xinfu.cases.actions import rows as rows_of
from xinfu.cases.actions.clocks import reclock, with_parts
from xinfu.cases.actions.locking import bump, take_lock, writes
from xinfu.cases.intake.staging import Staging
from xinfu.cases.models import Case, CasePause, ImportBatch
from xinfu.cases.rules import DONE_STATES, NORMAL_KINDS
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar

CHUNK = {"postgresql": 20_000, "sqlite": 8_000}
NEWS_AFTER = timedelta(hours=24)
NEWS_CHUNK = 200
TRIES = 3
MANY = 10_000
Key = tuple[Any, ...]  # seq, number, version, content, month


@dataclass(slots=True)
class Counts:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0


@dataclass(slots=True)
class Plan:
    """What one chunk does, as seen at one moment of the database."""

    create: list[int] = field(default_factory=list)
    update: list[int] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    touched: list[int] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


class Loader:
    """Loads the table `ready` of a staging for one batch."""

    def __init__(
        self, staging: Staging, batch: ImportBatch | None, total: int, by: Actor, at: datetime
    ) -> None:
        self.staging, self.total, self.by, self.at = staging, total, by, at
        self.batch_id = batch.pk if batch else None
        self.columns = rows_of.selection(self.batch_id, at)
        self.own_writes = 0
        self.is_new = not Case.objects.exists()
        self.seen = self._others()
        self.counts = Counts()

    def run(self, progress: Callable[[int], None]) -> Counts:
        """Load every chunk; `progress` gets the number of rows done so far."""
        with rows_of.roomy(), ThreadPoolExecutor(1) as ahead:
            bounds = list(self._bounds())
            waiting = self._ahead(ahead, bounds[:1])
            for place, (first, last) in enumerate(bounds):
                ready = waiting.result() if waiting else None
                waiting = self._ahead(ahead, bounds[place + 1 : place + 2])
                self._load(first, last, ready)
                progress(last)
        return self.counts

    def _ahead(self, pool: Executor, bounds: Sequence[tuple[int, int]]) -> Future[rows_of.Payload] | None:
        """Fetch and seal the next chunk while the present one is written, where all rows of it are new."""
        if not self.is_new or not bounds:
            return None
        first, last = bounds[0]
        cursor = self.staging.duck.cursor()

        def fetch() -> rows_of.Payload:
            where = f"seq BETWEEN {first} AND {last} ORDER BY seq"
            return rows_of.finished(
                cursor.execute(f"SELECT {self.columns} FROM ready WHERE {where}").fetchall()
            )

        return pool.submit(fetch)

    def preview(self) -> Counts:
        """Count what `run` would do now, writing nothing."""
        for first, last in self._bounds():
            self._add(self._plan(self._keys(first, last)).counts)
        return self.counts

    def _bounds(self) -> Iterator[tuple[int, int]]:
        """Cut the rows into chunks; few rows with news in each, because each of those is a journal line."""
        since = (self.at - NEWS_AFTER).strftime("%Y-%m-%d %H:%M:%S")
        fresh = self.staging.select(
            f"SELECT seq FROM ready WHERE finished_at >= TIMESTAMP '{since}' ORDER BY seq"
        )
        cuts = [seq for (seq,) in fresh[NEWS_CHUNK - 1 :: NEWS_CHUNK]]
        first, size = 1, CHUNK[connection.vendor]
        while first <= self.total:
            last = min(first + size - 1, self.total)
            while cuts and cuts[0] < first:
                cuts.pop(0)
            if cuts and cuts[0] < last:
                last = cuts[0]
            yield first, last
            first = last + 1

    def _others(self) -> int:
        return writes() - self.own_writes

    def _load(self, first: int, last: int, fetched: rows_of.Payload | None) -> None:
        """Plan outside of the lock; within it plan again only if somebody else wrote meanwhile."""
        keys = self._keys(first, last)
        for attempt in range(TRIES):
            seen = self._others()
            if seen != self.seen:
                self.is_new, self.seen = False, seen
            plan = self._plan(keys)
            new = fetched if self.is_new and fetched is not None else self._rows(plan.create)
            changed = self._rows(plan.update)
            try:
                with transaction.atomic():
                    take_lock()
                    if self._others() != seen:
                        self.is_new = False
                        plan = self._plan(keys)
                        new, changed = self._rows(plan.create), self._rows(plan.update)
                    bumped = self._write(plan, new, changed)
            except IntegrityError:
                self.is_new = False
                if attempt == TRIES - 1:
                    raise
                continue
            self.own_writes += bumped
            self._add(plan.counts)
            return

    def _keys(self, first: int, last: int) -> list[Key]:
        return self.staging.select(
            "SELECT seq, case_no, data_version, content, strftime(received_on, '%Y-%m') FROM ready "
            f"WHERE seq BETWEEN {first} AND {last} ORDER BY seq"
        )

    def _plan(self, keys: Sequence[Key]) -> Plan:
        if self.is_new:
            plan = Plan(create=[key[0] for key in keys], months={key[4] for key in keys})
            plan.counts.created = len(plan.create)
            return plan
        plan = Plan()
        held = rows_of.known([key[1] for key in keys])
        for seq, number, version, content, month in keys:
            old = held.get(number)
            if old is None:
                plan.create.append(seq)
                plan.months.add(month)
            elif version < old.data_version:
                plan.counts.stale += 1
                plan.counts.unchanged += 1
            elif version == old.data_version and content == old.content:
                plan.counts.unchanged += old.batch_id != self.batch_id or self.batch_id is None
            else:
                plan.update.append(seq)
                plan.touched.append(old.pk)
                plan.months |= {month, old.month}
        plan.counts.created, plan.counts.updated = len(plan.create), len(plan.update)
        return plan

    def _rows(self, seqs: Sequence[int]) -> rows_of.Payload:
        """Fetch and seal the rows of these numbers."""
        if not seqs:
            return []
        inside = f"seq BETWEEN {seqs[0]} AND {seqs[-1]}"
        if len(seqs) <= seqs[-1] - seqs[0]:
            inside += f" AND seq IN ({', '.join(map(str, seqs))})"
        found = self.staging.select(f"SELECT {self.columns} FROM ready WHERE {inside} ORDER BY seq")
        return rows_of.finished(found)

    def _write(self, plan: Plan, new: rows_of.Payload, changed: rows_of.Payload) -> int:
        if new:
            rows_of.insert("cases_case", new)
        rows_of.update(changed)
        self._stop_clocks(plan.touched)
        self._count(plan.counts)
        if not new and not changed:
            return 0
        bumped = bump(plan.months)
        self._tell(plan)
        return bumped

    def _count(self, counts: Counts) -> None:
        """Tell the batch what this chunk did, in the same transaction."""
        if self.batch_id is not None:
            ImportBatch.objects.filter(pk=self.batch_id).update(
                created=F("created") + counts.created,
                updated=F("updated") + counts.updated,
                unchanged=F("unchanged") + counts.unchanged,
                stale=F("stale") + counts.stale,
            )

    def _stop_clocks(self, pks: Sequence[int]) -> None:
        """Take the known stops out of changed cases' clocks again."""
        if not pks:
            return
        paused = (
            CasePause.objects.filter(case__in=pks).order_by("case").values_list("case", flat=True).distinct()
        )
        if found := list(paused):
            reclock(with_parts(found), calendar(), self.at)

    def _tell(self, plan: Plan) -> None:
        """Journal the cases that were closed within the last day, so that others hear of them."""
        since = (self.at - NEWS_AFTER).strftime("%Y-%m-%d %H:%M:%S")
        changed = [*plan.create, *plan.update]
        fresh = self.staging.select(
            f"SELECT seq, case_no FROM ready WHERE finished_at >= TIMESTAMP '{since}' "
            f"AND seq BETWEEN {min(changed)} AND {max(changed)}"
        )
        wanted = set(changed)
        tell_closed([number for seq, number in fresh if seq in wanted], by=self.by, at=self.at)

    def _add(self, counts: Counts) -> None:
        self.counts.created += counts.created
        self.counts.updated += counts.updated
        self.counts.unchanged += counts.unchanged
        self.counts.stale += counts.stale


def tell_closed(numbers: Sequence[str], *, by: Actor, at: datetime) -> None:
    """Journal `case.closed` for the cases that were finished normally within the last day."""
    if not numbers:
        return
    closed = Case.objects.filter(
        case_no__in=numbers,
        state__in=DONE_STATES,
        finish_kind__in=NORMAL_KINDS,
        finished_at__gte=at - NEWS_AFTER,
    ).order_by("pk")
    for case in closed:
        journal.record(
            "case.closed", case, by=by, at=at, case_no=case.case_no, channel=case.channel, state=case.state
        )


def count_keys(created: int) -> None:
    """After many new rows, let the database count its index keys anew: it would plan lists by the old numbers."""
    if created < MANY:
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cases_case")
