"""Stops of the clock: brought in by file, or begun and ended one by one; both move due days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F

from xinfu.cases.access import Can
from xinfu.cases.actions.clocks import reclock, with_parts
from xinfu.cases.actions.locking import bump, take_lock
from xinfu.cases.actions.rows import known
from xinfu.cases.intake.staging import Staging
from xinfu.cases.models import Case, CasePause, ImportBatch, PauseKind, State
from xinfu.cases.rules import OPEN_STATES
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.refusal import NotFound, Refused

CHUNK = 1000
Row = tuple[int, str, str, str, datetime, datetime | None, str]


class PauseLoader:
    """Loads the table `ready` of a staging of stops."""

    def __init__(self, staging: Staging, batch: ImportBatch, total: int, at: datetime) -> None:
        self.staging, self.batch, self.total, self.at = staging, batch, total, at
        self.orphans: list[int] = []
        self.calendar = calendar()

    def run(self, progress: Callable[[int], None]) -> list[int]:
        """Load every chunk and return the file's rows whose case does not exist."""
        for first in range(1, self.total + 1, CHUNK):
            last = first + CHUNK - 1
            rows = self.staging.select(
                "SELECT row_no, case_no, kind, coalesce(name, ''), started_at, ended_at, coalesce(reason, '') "
                f"FROM ready WHERE seq BETWEEN {first} AND {last} ORDER BY seq"
            )
            with transaction.atomic():
                take_lock()
                self._load(rows)
            progress(min(last, self.total))
        return self.orphans

    def orphans_of_file(self) -> list[int]:
        """Return the file's rows whose case does not exist, writing nothing."""
        for first in range(1, self.total + 1, CHUNK):
            rows = self.staging.select(
                f"SELECT row_no, case_no FROM ready WHERE seq BETWEEN {first} AND {first + CHUNK - 1}"
            )
            held = known([number for _, number in rows])
            self.orphans += [row for row, number in rows if number not in held]
        return self.orphans

    def _load(self, rows: Sequence[Row]) -> None:
        cases = {number: held.pk for number, held in known([row[1] for row in rows]).items()}
        self.orphans += [row[0] for row in rows if row[1] not in cases]
        held = {
            (p.case_id, p.kind, p.started_at): p
            for p in CasePause.objects.filter(case__in=cases.values()).order_by("pk")
        }
        new, changed, same = [], [], 0
        for _, number, kind, name, started, ended, reason in rows:
            if number not in cases:
                continue
            said = {"name": name, "ended_at": _utc(ended), "reason": reason}
            old = held.get((cases[number], kind, started.replace(tzinfo=UTC)))
            if old is None:
                new.append(
                    CasePause(
                        case_id=cases[number], kind=kind, started_at=started.replace(tzinfo=UTC), **said
                    )
                )
            elif all(getattr(old, k) == v for k, v in said.items()):
                same += 1
            else:
                for key, value in said.items():
                    setattr(old, key, value)
                changed.append(old)
        CasePause.objects.bulk_create(new)
        CasePause.objects.bulk_update(changed, ["name", "ended_at", "reason"], batch_size=200)
        self._reclock({p.case_id for p in [*new, *changed]})
        ImportBatch.objects.filter(pk=self.batch.pk).update(
            created=F("created") + len(new),
            updated=F("updated") + len(changed),
            unchanged=F("unchanged") + same,
        )

    def _reclock(self, pks: set[int]) -> None:
        if pks:
            cases = with_parts(pks)
            reclock(cases, self.calendar, self.at)
            bump(f"{c.received_on:%Y-%m}" for c in cases)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


def _locked(case: Case, by: Actor) -> Case:
    take_lock()
    found = (
        Case.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("item_version", "batch")
        .filter(pk=case.pk)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


@transaction.atomic
def add_pause(
    *, case: Case, kind: str, name: str, reason: str, started_at: datetime, by: Actor, at: datetime
) -> CasePause:
    """Stop the clock of an open case: 补正告知 before acceptance, 特别程序 and others after it.

    Raises Refused: not open, already stopped, no reason, a start before receipt or in the future.
    """
    by.require(Can.HANDLE)
    row = _locked(case, by)
    if row.state not in OPEN_STATES:
        raise Refused("not_open", f"这件已是“{row.get_state_display()}”，不能停钟。")
    if row.pauses.filter(ended_at=None).exists():
        raise Refused("already_paused", "这件正在停钟，请先恢复计时。")
    if kind not in PauseKind.values:
        raise Refused("bad_kind", "请从列表中选择停钟类别。", field="kind")
    if not reason.strip():
        raise Refused("no_reason", "请写明停钟原因，并已书面告知申请人所需时间。", field="reason")
    if not row.received_at <= started_at <= at:
        raise Refused("bad_start", "开始时间应在收件之后，且不晚于现在。", field="started_at")
    pause = CasePause.objects.create(
        case=row, kind=kind, name=name.strip()[:100], reason=reason.strip()[:500], started_at=started_at
    )
    state = row.state
    if kind == PauseKind.CORRECTION and row.accepted_at is None:
        state = State.CORRECTION
    elif kind != PauseKind.TRANSFER:
        state = State.SUSPENDED
    _change(row, state, at)
    journal.record("case.paused", row, by=by, at=at, kind=kind, pause=pause.pk)
    return pause


@transaction.atomic
def end_pause(*, pause: CasePause, ended_at: datetime, by: Actor, at: datetime) -> Case:
    """Let the clock run again; the due day moves by the working days really stopped.

    Raises Refused: already ended, an end before the start or in the future.
    """
    by.require(Can.HANDLE)
    row = _locked(pause.case, by)
    if not pause.started_at <= ended_at <= at:
        raise Refused("bad_end", "恢复时间应在停钟之后，且不晚于现在。", field="ended_at")
    if not CasePause.objects.filter(pk=pause.pk, ended_at=None).update(ended_at=ended_at):
        raise Refused("already_ended", "这次停钟已经结束，请刷新后再看。")
    state = row.state
    if state in (State.CORRECTION, State.SUSPENDED):
        state = State.HANDLING if row.accepted_at else State.RECEIVED
    _change(row, state, at)
    journal.record("case.resumed", row, by=by, at=at, pause=pause.pk, due_on=str(row.due_on or ""))
    return row


def _change(row: Case, state: str, at: datetime) -> None:
    row.state = state
    Case.objects.filter(pk=row.pk).update(state=state, changed_at=at)
    reclock([row], calendar(), at)
    bump([f"{row.received_on:%Y-%m}"])
