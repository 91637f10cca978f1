"""Both clocks of a case in words and days: what started, stopped and ended them, and the rule that set the due day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from xinfu.cases import rules
from xinfu.cases.actions.clocks import zone_of
from xinfu.cases.models import Case, CasePause, DueKind
from xinfu.cases.queries import Today, handling_light
from xinfu.cases.rules import Light
from xinfu.core.ui import text

KINDS = {"workday": "个工作日", "calendar": "个自然日", "month": "个月", "year": "年"}
HOLIDAYS = "工作日按国务院办公厅节假日安排和本县自定的日子计算"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a clock, in civil days; `resumed_on` is None while it lasts."""

    began_on: date
    resumed_on: date | None
    label: str
    workdays: int
    reason: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One clock as it is drawn and told; `now_on` is how far it has run where it has not ended."""

    code: str
    title: str
    started_on: date
    start_label: str
    due_on: date | None
    ended_on: date | None
    end_label: str
    now_on: date
    stops: Sequence[Stop]
    light: Light
    word: str
    why: Sequence[str]

    @property
    def sentence(self) -> str:
        """Return all that the picture shows, for those who do not see it."""
        parts = [f"{self.title}：{self.start_label}{text.day(self.started_on)}"]
        for stop in self.stops:
            until = f"至{text.day(stop.resumed_on)}" if stop.resumed_on else "起，尚未恢复"
            parts.append(f"{stop.label}停钟{text.day(stop.began_on)}{until}，停{stop.workdays}个工作日")
        parts.append(f"到期{text.day(self.due_on)}" if self.due_on else "不设到期日")
        if self.ended_on:
            parts.append(f"{self.end_label}{text.day(self.ended_on)}")
        return "，".join(parts) + f"。{self.word}。"


def lanes(case: Case, pauses: Sequence[CasePause], now: Today) -> list[Lane]:
    """Return the accept clock and the handling clock, those that run or ran."""
    zone = zone_of(case)
    found = [_accepting(case, pauses, now, zone), _handling(case, pauses, now, zone)]
    return [lane for lane in found if lane is not None]


def _stops(
    pauses: Iterable[CasePause], zone: ZoneInfo, now: Today, after: date, until: date | None
) -> list[Stop]:
    found = []
    for pause in pauses:
        began = timezone.localdate(pause.started_at, zone)
        resumed = timezone.localdate(pause.ended_at, zone) if pause.ended_at else None
        span = (began, resumed or max(now.day, began))
        stopped = now.calendar.suspended_workdays([span], after=after, until=until or date.max)
        found.append(Stop(began, resumed, pause.name or pause.get_kind_display(), stopped, pause.reason))
    return found


def _accepting(case: Case, pauses: Sequence[CasePause], now: Today, zone: ZoneInfo) -> Lane | None:
    due = case.accept_due_on
    if due is None:
        return None
    refused = case.finished_on if case.state in rules.ENDED_STATES else None
    ended = case.accepted_on or refused
    if ended is None and case.finished_on is not None:
        return None
    kept = [p for p in pauses if p.kind in rules.STOPS_ACCEPTING]
    stops = [s for s in _stops(kept, zone, now, case.received_on, ended) if s.began_on <= (ended or date.max)]
    running = [s.began_on for s in stops if s.resumed_on is None and ended is None]
    light = rules.light(
        now.calendar,
        now.day,
        due_on=due,
        finished_on=ended,
        ended=ended is not None or case.state not in rules.OPEN_STATES,
        paused_on=min(running, default=None),
        soon=now.soon,
    )
    return Lane(
        "accept", "受理时钟", case.received_on, "收件", due, ended,
        "受理" if case.accepted_on else case.get_state_display(), max(now.day, case.received_on), stops, light,
        _word(light, "受理", due, now, min(running, default=None)), _why_accept(case, due, stops, now),
    )  # fmt: skip


def _handling(case: Case, pauses: Sequence[CasePause], now: Today, zone: ZoneInfo) -> Lane | None:
    started = case.accepted_on
    if started is None and (case.project_type == "1" or case.finished_on is not None):
        started = case.received_on
    if started is None:
        return None
    kept = [p for p in pauses if p.kind in rules.STOPS_HANDLING]
    stops = [
        s
        for s in _stops(kept, zone, now, started, case.finished_on)
        if s.resumed_on is None or s.resumed_on >= started
    ]
    light = handling_light(case, now)
    return Lane(
        "handle", "办理时钟", started, "受理" if case.accepted_on else "收件", case.due_on, case.finished_on,
        case.get_state_display(), max(now.day, started), stops, light,
        _word(light, "办结", case.due_on, now, case.paused_on), _why_handle(case, stops),
    )  # fmt: skip


def _word(light: Light, verb: str, due: date | None, now: Today, paused_on: date | None) -> str:
    if light == Light.LATE and due is not None:
        over = now.calendar.workdays_between(due, paused_on or now.day)
        return f"超期未{verb}，已超{over}个工作日" if over > 0 else f"超期未{verb}"
    if light in (Light.OK, Light.SOON) and due is not None:
        left = now.calendar.workdays_between(now.day, due)
        return (
            "今天到期" if due == now.day else f"{'临期' if light == Light.SOON else '正常'}，剩{left}个工作日"
        )
    if light == Light.DONE:
        return f"按时{verb}" if due is not None else f"已{verb}"
    if light == Light.DONE_LATE:
        return f"超期{verb}"
    return "停钟中" if light == Light.PAUSED else "不设到期日"


def _stopped(stops: Sequence[Stop]) -> str:
    done = [f"{s.label}停{s.workdays}个工作日" for s in stops if s.resumed_on]
    return "，".join(done)


def _why_accept(case: Case, due: date, stops: Sequence[Stop], now: Today) -> list[str]:
    spans = [(s.began_on, s.resumed_on) for s in stops if s.resumed_on]
    limit = now.calendar.workdays_between(case.received_on, due)
    limit -= now.calendar.suspended_workdays(spans, after=case.received_on, until=due)
    term = rules.term_on(case.received_on, rules.ACCEPT_TERMS)
    version = case.item_version
    source = f"依据{term.source}"
    if limit < term.workdays:
        by_item = version is not None and version.accept_limit_days == limit
        source = (
            f"依据事项“{case.item_name}”第{version.version}版"
            if by_item and version
            else "依据本地规定（短于法定）"
        )
    counted = f"受理时限{limit}个工作日，自收件日{text.day(case.received_on)}起算，当日不计"
    said = [s for s in (counted, _stopped(stops), f"最迟{text.day(due)}受理", source) if s]
    found = ["；".join(said) + "。"]
    if any(s.resumed_on is None for s in stops):
        found.append("补正期间停钟，材料补齐恢复后，到期日按实际停钟的工作日顺延。")
    return found


def _why_handle(case: Case, stops: Sequence[Stop]) -> list[str]:
    if case.due_kind == DueKind.STATED:
        found = [f"来源系统给定的期限{text.when(case.due_at)}，到这一刻办结为按时。"]
    elif case.due_on is None:
        found = ["事项没有承诺时限，不设到期日。"]
    else:
        found = [_promise(case, stops)]
    if any(s.resumed_on is None for s in stops) and case.finished_on is None:
        found.append("正在停钟，恢复后到期日按实际停钟的工作日顺延。")
    if case.due_provisional:
        found.append("到期日暂定：所跨年份的节假日安排尚未公布，公布后重新推算。")
    return found


def _promise(case: Case, stops: Sequence[Stop]) -> str:
    version = case.item_version
    days, kind, source = case.promise_days, "workday", "依据来源记录的承诺时限"
    if version is not None and (days is None or version.promise_days == days):
        source = f"依据事项“{version.name}”第{version.version}版"
    if days is None and version is not None:
        days, kind = version.promise_days, version.promise_kind
    start = (
        f"自受理日{text.day(case.accepted_on)}起算"
        if case.accepted_on
        else f"自收件日{text.day(case.received_on)}起算"
    )
    counted = f"承诺{days}{KINDS.get(kind, '')}，{start}，当日不计" if days else "即办件，受理当日办结"
    return (
        "；".join(s for s in (counted, source, _stopped(stops), f"最迟{text.day(case.due_on)}办结") if s)
        + "。"
    )
