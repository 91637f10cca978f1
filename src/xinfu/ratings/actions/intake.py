"""Ratings by the thousand: decided set-wise, written in chunks, the same result however often a file comes."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from xinfu.cases import queries as cases
from xinfu.core import holidays, journal, local, privacy
from xinfu.core.actor import Actor, system
from xinfu.lib.workdays import Calendar
from xinfu.people import queries as people
from xinfu.ratings.access import Can
from xinfu.ratings.actions.loop import open_loop
from xinfu.ratings.actions.rows import COLUMNS, cell, ids_for, insert
from xinfu.ratings.exchange import BadRecord, Record
from xinfu.ratings.models import BAD_LEVELS, Origin, Rating, RatingReason
from xinfu.ratings.statistics_local import SMALLEST_GROUP

CHUNK = 1_500  # rows a transaction: measured 2 s for 4,000 on a busy machine, so under a second for these
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
    """A rating to write; `key` says which case, stage and turn it is of."""

    row: int
    key: tuple[bytes, str, int]
    values: dict[str, Any]
    person: dict[str, str]
    reasons: tuple[str, ...]


def take_ratings(
    *,
    records: Iterable[Numbered],
    source: str,
    sha256: str,
    origin: str = Origin.EXCHANGE,
    is_history: bool = False,
    is_trial: bool = False,
    progress: Callable[[int], None] | None = None,
    by: Actor,
    at: datetime,
) -> Outcome:
    """Write the ratings that partners' records give; nothing is written where `is_trial`.

    Bad ones by name open their loops here, anonymous ones the next morning (actions.open_anonymous). With
    `is_history` each loop begins with its rating instead of now: for records that were handled long ago.
    One line of the journal a batch, unless so few anonymous ratings came that the line would tell of them.
    """
    by.require(Can.EXCHANGE)
    intake = _Intake(by, at, origin, is_history=is_history, is_trial=is_trial)
    for chunk in _chunks(records):
        intake.take(chunk)
        if progress:
            progress(intake.outcome.read)
    outcome = intake.finish()
    if not is_trial:
        _say(outcome, source, sha256, by, at)
    return outcome


def _chunks(records: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    chunk: list[Numbered] = []
    loops = 0
    for row, record in records:
        chunk.append((row, record))
        loops += isinstance(record, Record) and record.level in BAD_LEVELS and not record.is_anonymous
        if len(chunk) == CHUNK or loops == LOOPS:
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

    def __init__(self, by: Actor, at: datetime, origin: str, *, is_history: bool, is_trial: bool) -> None:
        self.by, self.at, self.origin = by, at, str(origin)
        self.is_history, self.is_trial = is_history, is_trial
        self.outcome = Outcome()
        self.units: dict[str, int] = dict(people.departments(system("import")).values_list("code", "pk"))
        self.seen: dict[tuple[bytes, str, int], int] = {}
        self.numbers: dict[str, int] = {}
        self.lines: list[bytes] = []

    def take(self, chunk: list[Numbered]) -> None:
        """Decide a chunk and write it; what another import wrote meanwhile is decided anew."""
        for attempt in range(TRIES):
            try:
                with transaction.atomic():
                    part, new = self._decide(chunk)
                    if not self.is_trial:
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
        for one in new:
            total.created += 1
            total.anonymous += one.values["is_anonymous"]
            self.seen[one.key] = one.values["level"]
            if one.values["province_no"]:
                self.numbers[one.values["province_no"]] = one.values["level"]
            said = f"{one.values['code']} {one.values['level']} {one.values['reason_codes']}\n"
            self.lines.append(hashlib.sha256(said.encode()).digest())

    def finish(self) -> Outcome:
        self.outcome.digest = hashlib.sha256(b"".join(sorted(self.lines))).hexdigest()
        return self.outcome

    # --- deciding ---

    def _decide(self, chunk: list[Numbered]) -> tuple[Outcome, list[New]]:
        part, plans = Outcome(read=len(chunk)), list[New]()
        records = [record for _, record in chunk if isinstance(record, Record)]
        found = cases.named_by_number({r.case_no for r in records if r.case_no})
        for row, record in chunk:
            if record is None:
                part.not_rated += 1
                continue
            try:
                if isinstance(record, BadRecord):
                    raise record
                plans.append(self._plan(row, record, found.get(record.case_no)))
            except BadRecord as bad:
                part.refuse(row, bad.field, bad.reason)
        return part, self._without_known(plans, part)

    def _plan(self, row: int, record: Record, case: Any) -> New:
        unit = self.units.get(record.unit_code) if record.unit_code else None
        if case is None and not (record.number and unit):
            raise BadRecord("办件编号", "没有这件办件；若有省平台编号，请同时写明本县承办单位的编码。")
        rated_on = timezone.localdate(record.rated_at)
        if record.rated_at > self.at + EARLY:
            raise BadRecord("评价时间", "评价时间还没有到。")
        if case is not None and rated_on < case.received_on:
            raise BadRecord("评价时间", "评价时间早于办件的收件时间。")
        subject = record.case_no or f"rating {record.number}"
        key = (privacy.digest(subject), record.stage, record.turn)
        values: dict[str, Any] = {
            "code": _code(), "province_no": record.number, "origin": self.origin, "case_id": None, "case_key": key[0],
            "stage": record.stage, "turn": record.turn, "channel": record.channel, "level": record.level,
            "reason_codes": ",".join(record.reasons), "text": record.text,
            "is_anonymous": record.is_anonymous, "may_publish": record.may_publish,
            "rated_at": record.rated_at, "rated_on": rated_on,
            "item_code": record.item_code, "item_name": record.item_name or NO_ITEM, "item_id": None,
            "department_id": unit, "window_id": None, "town_id": None,
            "user_kind": record.user_kind or "person",
        }  # fmt: skip
        if case is not None:
            values.update(_from_case(case, record))
        if record.is_anonymous:
            values.update(case_id=None, rated_at=_midnight(record.rated_at))
        return New(row, key, values, _person(record), record.reasons)

    def _without_known(self, plans: list[New], part: Outcome) -> list[New]:
        """Leave out what is there already; refuse a second rating of the same case, stage and turn."""
        rows = Rating.objects.filter(case_key__in={p.key[0] for p in plans})
        seen = {
            (bytes(key), stage, turn): level
            for key, stage, turn, level in rows.values_list("case_key", "stage", "turn", "level")
        }
        wanted = {p.values["province_no"] for p in plans} - {""}
        known = Rating.objects.filter(province_no__in=wanted).values_list("province_no", "level")
        ours = Rating.objects.filter(code__in=wanted).values_list("code", "level")
        numbers, new = {**self.numbers, **dict(known), **dict(ours)}, []
        for plan in plans:
            number, level = plan.values["province_no"], plan.values["level"]
            before = seen.get(plan.key, self.seen.get(plan.key, numbers.get(number)))
            if before == level:
                part.known += 1
            elif before is not None:
                part.refuse(plan.row, "评价次数", REPEATED)
            else:
                new.append(plan)
                seen[plan.key] = level
                if number:
                    numbers[number] = level
        return new

    # --- writing ---

    def _write(self, new: list[New], part: Outcome) -> None:
        if not new:
            return
        new.sort(key=lambda one: str(one.values["code"]))  # running numbers tell nothing of who came when
        sealed = [privacy.seal(one.person) if one.person else b"" for one in new]
        ids = ids_for(len(new))
        for pk, person, one in zip(ids, sealed, new, strict=True):
            one.values.update(id=pk, sealed=person, withheld_by="", withheld_reason="",
                              withheld_at=None, excluded_at=None)  # fmt: skip
        insert(Rating._meta.db_table, COLUMNS, ([cell(one.values[c]) for c in COLUMNS] for one in new))
        pairs = [(one.values["id"], code) for one in new for code in one.reasons]
        insert(RatingReason._meta.db_table, ("rating_id", "code"), pairs)
        part.loops = self._open([one for one in new if one.values["level"] in BAD_LEVELS])

    def _open(self, bad: list[New]) -> int:
        """Open the loops of those by name; in history also of anonymous ones, on the morning after."""
        chosen = {one.values["id"]: one for one in bad if self.is_history or not one.values["is_anonymous"]}
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


def _from_case(case: Any, record: Record) -> dict[str, Any]:
    kind = {"1": "person", "2": "organisation"}.get(case.applicant_kind, record.user_kind or "person")
    return {
        "case_id": case.pk, "item_code": case.item_code, "item_name": case.item_name, "item_id": case.item_id,
        "department_id": case.department_id, "window_id": case.window_id, "town_id": case.town_id,
        "user_kind": kind,
    }  # fmt: skip


def _person(record: Record) -> dict[str, str]:
    """Return what is sealed: of an anonymous rating nothing, not even the case."""
    if record.is_anonymous:
        return {}
    said = {
        "name": record.name,
        "phone": record.phone,
        "identity": record.identity,
        "case_no": record.case_no,
    }
    return {key: value for key, value in said.items() if value}


def _midnight(at: datetime) -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate(at), time.min))


def _morning_after(at: datetime, calendar: Calendar) -> datetime:
    day = timezone.localdate(at) + timedelta(days=1)
    while not calendar.is_workday(day):
        day += timedelta(days=1)
    return timezone.make_aware(datetime.combine(day, time.min))


def _code() -> str:
    return base64.b32encode(secrets.token_bytes(10)).decode()
