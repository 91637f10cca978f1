"""Ratings by the thousand: decided set-wise, written in chunks, the same result however often a file comes."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.cases.actions.rows import roomy
from xinfu.core import holidays, journal, local, privacy
from xinfu.core.actor import Actor, system
from xinfu.lib.workdays import Calendar
from xinfu.people import queries as people
from xinfu.ratings.access import Can
from xinfu.ratings.actions import rows
from xinfu.ratings.actions.loop import open_loop
from xinfu.ratings.actions.rows import Key, Row
from xinfu.ratings.exchange import CHINA, BadRecord, Record
from xinfu.ratings.models import BAD_LEVELS, Channel, Origin, Rating
from xinfu.ratings.statistics_local import SMALLEST_GROUP

__all__ = ["Outcome", "Record", "Refusal", "take_ratings"]

CHUNK = 4_000  # rows a transaction, which is to last well under a second
LOOPS = 40  # bad ratings by name a transaction: each is a loop and a line of the journal
TRIES = 3
MOST_REFUSALS = 10_000
EARLY = timedelta(hours=1)  # clocks of partners may run ahead so much
REPEATED = "该办件已评价，无需重复评价。"
NO_ITEM = "（来源未写事项）"
Numbered = tuple[int, Record | BadRecord | None]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not taken: its number in the file, the field, and why."""

    row: int
    field: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What came of a batch. `known` were there already, `not_rated` are records in which nobody rated."""

    read: int = 0
    created: int = 0
    known: int = 0
    not_rated: int = 0
    refused: int = 0
    loops: int = 0
    anonymous: int = 0
    digest: str = ""
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, row: int, field_name: str, reason: str) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(Refusal(row, field_name, reason))


@dataclass(slots=True)
class New:
    """A rating to write, where it stood in the file, and the person to seal."""

    place: int
    row: Row
    person: str


def take_ratings(
    *,
    records: Iterable[Numbered],
    source: str,
    sha256: str,
    origin: str = Origin.EXCHANGE,
    is_history: bool = False,
    is_trial: bool = False,
    opens_loops: bool = True,
    progress: Callable[[int], None] | None = None,
    by: Actor,
    at: datetime,
) -> Outcome:
    """Write the ratings that partners' records give; nothing is written where `is_trial`.

    Bad ones by name open their loops here, anonymous ones the next morning (actions.open_anonymous). With
    `is_history` each loop begins with its rating instead of now: for records that were handled long ago; without
    `opens_loops` none is opened here, for who goes on to tell what became of each.
    One line of the journal a batch, unless so few anonymous ratings came that the line would tell of them.
    """
    by.require(Can.EXCHANGE)
    intake = _Intake(by, at, origin, is_history=is_history, is_trial=is_trial, opens_loops=opens_loops)
    with roomy():
        for chunk in _chunks(records, LOOPS if opens_loops else CHUNK):
            intake.take(chunk)
            if progress:
                progress(intake.outcome.read)
    outcome = intake.finish()
    if not is_trial:
        _say(outcome, source, sha256, by, at)
    return outcome


def _chunks(records: Iterable[Numbered], most_loops: int) -> Iterator[list[Numbered]]:
    chunk: list[Numbered] = []
    loops = 0
    for row, record in records:
        chunk.append((row, record))
        loops += isinstance(record, Record) and record.level in BAD_LEVELS and not record.is_anonymous
        if len(chunk) == CHUNK or loops == most_loops:
            yield chunk
            chunk, loops = [], 0
    if chunk:
        yield chunk


@transaction.atomic
def _say(outcome: Outcome, source: str, sha256: str, by: Actor, at: datetime) -> None:
    """Journal a batch; one whose only news are a few anonymous ratings leaves no line that would tell their hour."""
    least = int(local.on(SMALLEST_GROUP, timezone.localdate(at)).value)
    named = outcome.created - outcome.anonymous
    if not named and outcome.anonymous < least:
        return
    journal.record(
        "ratings.imported", f"ratings.Intake:{sha256[:16]}", by=by, at=at,
        source=source, sha256=sha256, read=outcome.read,
        created=outcome.created if outcome.anonymous >= least else named,
        known=outcome.known, refused=outcome.refused, loops=outcome.loops, digest=outcome.digest,
    )  # fmt: skip


class _Intake:
    """One batch on its way in."""

    def __init__(
        self, by: Actor, at: datetime, origin: str, *, is_history: bool, is_trial: bool, opens_loops: bool
    ) -> None:
        self.by, self.at, self.origin = by, at, str(origin)
        self.is_history, self.is_trial, self.opens_loops = is_history, is_trial, opens_loops
        self.outcome = Outcome()
        self.scope = by.scope(Can.EXCHANGE)
        self.units: dict[str, int] = dict(people.departments(system("import")).values_list("code", "pk"))
        self.seen: dict[Key, int] = {}
        self.numbers: dict[str, int] = {}
        self.lines: list[bytes] = []

    def take(self, chunk: list[Numbered]) -> None:
        """Decide a chunk and write it; what another import wrote meanwhile is decided anew."""
        for attempt in range(TRIES):
            try:
                with transaction.atomic():
                    part, new = self._decide(chunk)
                    if self.is_trial:
                        part.loops = sum(self._is_loop(one.row) for one in new)
                    else:
                        self._write(new, part)
            except IntegrityError:
                if attempt == TRIES - 1:
                    raise
            else:
                self._count(part, new)
                return

    def _count(self, part: Outcome, new: list[New]) -> None:
        total = self.outcome
        for name in ("read", "known", "not_rated", "loops"):
            setattr(total, name, getattr(total, name) + getattr(part, name))
        for refusal in part.refusals:
            total.refuse(refusal.row, refusal.field, refusal.reason)
        total.created += len(new)
        for one in new:
            row = one.row
            total.anonymous += row.is_anonymous
            self.seen[row.key] = row.level
            if row.province_no:
                self.numbers[row.province_no] = row.level
            said = f"{row.code} {row.level} {row.reason_codes}\n"
            self.lines.append(hashlib.sha256(said.encode()).digest())

    def finish(self) -> Outcome:
        self.outcome.digest = hashlib.sha256(b"".join(sorted(self.lines))).hexdigest()
        return self.outcome

    # --- deciding ---

    def _decide(self, chunk: list[Numbered]) -> tuple[Outcome, list[New]]:
        part, plans = Outcome(read=len(chunk)), list[New]()
        numbers = {r.case_no for _, r in chunk if isinstance(r, Record) and r.case_no}
        found = cases.named_by_number(numbers)
        for place, record in chunk:
            if record is None:
                part.not_rated += 1
                continue
            try:
                if isinstance(record, BadRecord):
                    raise record
                plans.append(self._plan(place, record, found.get(record.case_no)))
            except BadRecord as bad:
                part.refuse(place, bad.field, bad.reason)
        return part, self._without_known(plans, part)

    def _plan(self, place: int, record: Record, case: Any) -> New:
        unit = self.units.get(record.unit_code) if record.unit_code else None
        if case is not None and not self._reaches(case.department_id, case.town_id):
            case = None  # another unit's: answered as one that is not there
        if unit is not None and not self._reaches(unit):
            unit = None
        if case is None and not (record.number and unit):
            raise BadRecord("办件编号", "没有这件办件；若有省平台编号，请同时写明本县承办单位的编码。")
        if record.rated_at > self.at + EARLY:
            raise BadRecord("评价时间", "评价时间还没有到。")
        local_time = record.rated_at.astimezone(CHINA)
        if case is not None and local_time.date() < case.received_on:
            raise BadRecord("评价时间", "评价时间早于办件的收件时间。")
        is_anonymous = record.is_anonymous
        about = _about(case, record) if case is not None else (
            record.item_code, record.item_name or NO_ITEM, None, unit, None, None, record.user_kind or "person",
        )  # fmt: skip
        row = Row(
            secrets.token_hex(8).upper(), record.number, self.origin,
            None if case is None or is_anonymous else case.pk,
            privacy.digest(record.case_no or f"rating {record.number}"),
            record.stage, record.turn, record.channel, record.level, ",".join(record.reasons), record.text,
            is_anonymous, record.may_publish, _midnight(local_time) if is_anonymous else record.rated_at,
            local_time.date(), *about,
        )  # fmt: skip
        return New(place, row, "" if is_anonymous else _person(record))

    def _reaches(self, *units: int | None) -> bool:
        return any(self.scope.covers(unit) for unit in units)

    def _without_known(self, plans: list[New], part: Outcome) -> list[New]:
        """Leave out what is there already; refuse a second rating of the same case, stage and turn."""
        seen = rows.rated({p.row.case_key for p in plans})
        numbers = {**self.numbers, **rows.numbered({p.row.province_no for p in plans} - {""})}
        new = []
        for plan in plans:
            row, number = plan.row, plan.row.province_no
            before = seen.get(row.key, self.seen.get(row.key, numbers.get(number)))
            if before == row.level:
                part.known += 1
            elif before is not None:
                part.refuse(plan.place, "评价次数", REPEATED)
            else:
                new.append(plan)
                seen[row.key] = row.level
                if number:
                    numbers[number] = row.level
        return new

    # --- writing ---

    def _write(self, new: list[New], part: Outcome) -> None:
        if not new:
            return
        new.sort(key=lambda one: one.row.code)  # running numbers tell nothing of who came when
        sealed = privacy.seal_texts([one.person or None for one in new])
        ids = rows.ids_for(len(new))
        rows.insert_ratings((pk, *one.row, who) for pk, one, who in zip(ids, new, sealed, strict=True))
        part.loops = self._open([pk for pk, one in zip(ids, new, strict=True) if self._is_loop(one.row)])

    def _is_loop(self, row: Row) -> bool:
        """Tell whether a loop begins here: of those by name, in history also of anonymous ones, never of defaults."""
        said = row.level in BAD_LEVELS and row.channel != Channel.DEFAULT
        return self.opens_loops and said and (self.is_history or not row.is_anonymous)

    def _open(self, chosen: list[int]) -> int:
        """Open loops; in history those of anonymous ones on the morning after."""
        opened, calendar = 0, holidays.calendar()
        for rating in Rating.objects.filter(pk__in=chosen).order_by("code"):
            began = self.at
            if self.is_history:
                began = _morning_after(rating.rated_at, calendar) if rating.is_anonymous else rating.rated_at
            if began > self.at:
                continue
            open_loop(rating=rating, by=self.by, at=began)
            opened += 1
        return opened


KINDS = {"1": "person", "2": "organisation"}


def _about(case: Any, record: Record) -> tuple[Any, ...]:
    """Return what a rating takes from its case, in the order of the row."""
    kind = KINDS.get(case.applicant_kind) or record.user_kind or "person"
    return (
        case.item_code, case.item_name, case.item_id, case.department_id, case.window_id, case.town_id, kind,
    )  # fmt: skip


_text_of = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _person(record: Record) -> str:
    """Return what is sealed, as text; of an anonymous rating nothing is, not even the case."""
    said = {
        "name": record.name,
        "phone": record.phone,
        "identity": record.identity,
        "identity_kind": record.identity_kind,
        "case_no": record.case_no,
    }
    found = {key: value for key, value in said.items() if value}
    return _text_of(found) if found else ""


def _midnight(local_time: datetime) -> datetime:
    return local_time.replace(hour=0, minute=0, second=0, microsecond=0)


def _morning_after(at: datetime, calendar: Calendar) -> datetime:
    day = timezone.localdate(at) + timedelta(days=1)
    while not calendar.is_workday(day):
        day += timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, time.min))
