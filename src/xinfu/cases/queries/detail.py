"""One case as its page shows it: both clocks as a time line, what stopped them, and why it is due when it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from xinfu.cases import rules
from xinfu.cases.access import Can
from xinfu.cases.intake.fields import CASE
from xinfu.cases.models import Case, CasePause, CaseStep, DueKind, Quality
from xinfu.cases.queries.lists import get_case, lights, was_late
from xinfu.core.actor import Actor
from xinfu.core.holidays import calendar
from xinfu.core.privacy import mask, unseal


@dataclass(frozen=True, slots=True)
class Moment:
    """One event on the time line."""

    at: datetime
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a clock: `kind` is run, stop or late; places are shares of the drawn period, 0 to 1000."""

    kind: str
    begins: date
    ends: date
    left: int
    width: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """One of the two clocks: when it started, ended and was due, its light, what is left, and how it is drawn."""

    name: str
    started_on: date | None
    ended_on: date | None
    due_on: date | None
    light: rules.Light
    workdays_left: int | None
    why: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that the page of a case needs; personal values are masked."""

    case: Case
    accepting: Clock
    handling: Clock
    moments: Sequence[Moment]
    pauses: Sequence[CasePause]
    steps: Sequence[CaseStep]
    marks: Sequence[Quality]
    applicant: Sequence[tuple[str, str]]
    may_reveal: bool


def case_view(actor: Actor, pk: int, today: date) -> CaseView:
    """Return a case with its clocks as of a day. Raises NotFound."""
    case = get_case(actor, pk)
    pauses = list(case.pauses.order_by("started_at", "pk"))
    return CaseView(
        case=case,
        accepting=_accepting(case, pauses, today),
        handling=_handling(case, pauses, today),
        moments=_moments(case, pauses),
        pauses=pauses,
        steps=list(case.steps.order_by("started_at", "pk")),
        marks=[mark for mark in Quality if case.quality & mark],
        applicant=masked_applicant(case),
        may_reveal=_covers(actor, case) and bool(case.applicant_sealed),
    )


def _covers(actor: Actor, case: Case) -> bool:
    scope = actor.scope(Can.SEE_PERSONAL)
    return scope.covers(case.department_id) or scope.covers(case.town_id)


def masked_applicant(case: Case) -> list[tuple[str, str]]:
    """Return (label, masked value) of the personal fields; what kind of paper it is needs no mask."""
    said = unseal(case.applicant_sealed)
    return [
        (CASE[name].label, mask(CASE[name].mask, value) if CASE[name].mask else value)
        for name, value in said.items()
        if name in CASE
    ]


def masked_name(case: Case) -> str:
    """Return the applicant's masked name, for lists."""
    return mask("name", unseal(case.applicant_sealed).get("applicant_name", ""))


# --- clocks --------------------------------------------------------------------------------------


def _accepting(case: Case, pauses: Sequence[CasePause], today: date) -> Clock:
    limit = case.accept_due_on
    ended = case.accepted_on or (case.finished_on if case.state in rules.ENDED_STATES else None)
    light = rules.Light.NONE
    if limit is not None:
        light = rules.light(
            calendar(), today, due_on=limit, limit=None, finished_on=ended, paused_on=_paused(case, pauses)
        )
    stops = [p for p in pauses if p.kind in rules.STOPS_ACCEPTING]
    term = rules.term_on(case.received_on, rules.ACCEPT_TERMS)
    why = f"收件次日起的受理时限，依据{term.source}" if limit else "来源没有受理环节，不计受理时限"
    return _clock("受理", case.received_on, ended, limit, light, why, stops, today)


def _paused(case: Case, pauses: Sequence[CasePause]) -> date | None:
    running = [p for p in pauses if p.ended_at is None and p.kind in rules.STOPS_ACCEPTING]
    return case.paused_on if running and case.accepted_at is None else None


def _handling(case: Case, pauses: Sequence[CasePause], today: date) -> Clock:
    started = case.accepted_on
    if started is None and (case.project_type == "1" or case.finished_on):
        started = case.received_on
    stops = [
        p
        for p in pauses
        if p.kind in rules.STOPS_HANDLING and (started is None or _day(p.started_at) >= started)
    ]
    light = lights([case], today)[case.pk]
    return _clock("办理", started, case.finished_on, case.due_on, light, why_due(case), stops, today)


def why_due(case: Case) -> str:
    """Return in one sentence which rule gave the due day."""
    if case.due_kind == DueKind.STATED:
        return "来源写明的办结时刻，当刻或之前办结为按时"
    if case.due_kind != DueKind.COMPUTED:
        return "没有承诺时限，不计办结期限"
    stopped = f"，停钟{case.paused_days}个工作日已顺延" if case.paused_days else ""
    provisional = "；跨入未公布节假日的年份，期限为暂定" if case.due_provisional else ""
    if case.promise_days == 0:
        return f"即办件，当日办结{stopped}{provisional}"
    if case.promise_days is not None:
        return f"受理次日起第{case.promise_days}个工作日{stopped}{provisional}"
    return f"按事项版本的承诺时限计算{stopped}{provisional}"


def _clock(
    name: str,
    started: date | None,
    ended: date | None,
    due: date | None,
    light: rules.Light,
    why: str,
    stops: Sequence[CasePause],
    today: date,
) -> Clock:
    left = None
    if due is not None and ended is None and light not in (rules.Light.DONE, rules.Light.DONE_LATE):
        left = calendar().workdays_between(today, due)
    spans = _spans(started, ended, due, stops, today) if started else []
    return Clock(name, started, ended, due, light, left, why, spans)


def _spans(
    started: date, ended: date | None, due: date | None, stops: Sequence[CasePause], today: date
) -> list[Span]:
    """Cut a clock's life into running, stopped and late stretches, placed on the period that is drawn."""
    last = max(ended or max(today, started), started)
    final = max(last, due or last)
    days = max((final - started).days, 1)

    def span(kind: str, begins: date, ends: date, label: str = "") -> Span:
        left = max(0, (begins - started).days) * 1000 // days
        width = max(4, (ends - begins).days * 1000 // days)
        return Span(kind, begins, ends, left, min(width, 1000 - left) or 4, label)

    found = [span("run", started, min(last, due or last))]
    if due is not None and last > due:
        found.append(span("late", due, last))
    for stop in stops:
        begins, ends = _day(stop.started_at), _day(stop.ended_at) if stop.ended_at else last
        if begins <= final:
            found.append(
                span("stop", max(begins, started), max(min(ends, final), begins), stop.get_kind_display())
            )
    return found


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)


def _moments(case: Case, pauses: Sequence[CasePause]) -> list[Moment]:
    named = [
        (case.applied_at, "申请", ""),
        (case.received_at, "收件", ""),
        (case.accepted_at, "受理", ""),
        (case.finished_at, case.get_state_display() if case.finished_at else "", case.finish_reason),
    ]
    found = [Moment(at, label, note) for at, label, note in named if at is not None]
    for pause in pauses:
        found.append(
            Moment(pause.started_at, f"停钟：{pause.name or pause.get_kind_display()}", pause.reason)
        )
        if pause.ended_at:
            found.append(Moment(pause.ended_at, "恢复计时"))
    return sorted(found, key=lambda m: m.at)


# --- plain, for the API and exports --------------------------------------------------------------

PLAIN = (
    "case_no", "data_version", "item_code", "item_name", "summary", "project_type", "channel", "is_unified",
    "is_unified_item", "org_name", "handler_name", "applicant_kind", "applied_at", "received_at", "received_on",
    "accepted_at", "accepted_on", "finished_at", "finished_on", "state", "finish_kind", "finish_reason",
    "promise_days", "due_kind", "due_at", "due_on", "due_provisional", "accept_due_on", "paused_on", "paused_days",
    "handling_days", "changed_at",
)  # fmt: skip


def plain(case: Case, light: rules.Light) -> dict[str, Any]:
    """Return a case as other systems read it, personal values masked."""
    said = unseal(case.applicant_sealed)
    return {
        **{name: getattr(case, name) for name in PLAIN},
        "department": case.department.code if case.department else "",
        "department_name": case.department.name if case.department else "",
        "window": case.window.code if case.window else "",
        "town": case.town.code if case.town else "",
        "light": str(light),
        "is_late": was_late(case)
        if was_late(case) is not None
        else light in (rules.Light.LATE, rules.Light.DONE_LATE),
        "marks": [mark.label for mark in Quality if case.quality & mark],
        "applicant_name": mask("name", said.get("applicant_name", "")),
        "id_no": mask("id", said.get("id_no", "")),
        "phone": mask("phone", said.get("phone", "")),
    }
