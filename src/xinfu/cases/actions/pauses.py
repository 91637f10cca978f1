"""Stops of the clock: brought in by file, or begun and ended one by one; both move due days."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from xinfu.cases.access import Can
from xinfu.cases.actions.clocks import reclock, with_parts
from xinfu.cases.actions.locking import bump, take_lock
from xinfu.cases.actions.parts import PartLoader
from xinfu.cases.models import Case, CasePause, PauseKind, State
from xinfu.cases.rules import OPEN_STATES
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.refusal import NotFound, Refused


class PauseLoader(PartLoader):
    """Loads stops of the clock; the due days of their cases move."""

    model = CasePause
    key = ("kind", "started_at")
    said = ("name", "ended_at", "reason")

    def moved(self, pks: set[int]) -> None:
        if pks:
            cases = with_parts(pks)
            reclock(cases, calendar(), self.at)
            bump(f"{c.received_on:%Y-%m}" for c in cases)


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
