"""What the frame's own screens show: the inbox in groups, search, local rules, the journal, suggestions."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from xinfu.core import holidays, inbox, local, privacy, registry
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.models import JournalEntry, LocalRule
from xinfu.core.permissions import Can as House
from xinfu.core.registry import Found
from xinfu.core.ui import text
from xinfu.lib.workdays import Calendar
from xinfu.site.access import Can
from xinfu.site.models import Suggestion

SOON = 3
ANSWER_WORKDAYS = 5
SEARCH_SECONDS = 0.3
PER_SOURCE = 8


# --- inbox ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TodoGroup:
    """One group of the inbox (I1), with its light."""

    code: str
    label: str
    light: str
    todos: list[Todo]

    @property
    def count(self) -> int:
        return sum(todo.count for todo in self.todos)


def grouped_todos(
    actor: Actor, now: datetime, waiting: Sequence[Todo] | None = None, calendar: Calendar | None = None
) -> list[TodoGroup]:
    """Return what waits for the actor, in the four groups of I1; empty groups are left out.

    `waiting`, `calendar`: what was read already.
    """
    today = timezone.localdate(now)
    soon = (calendar or holidays.calendar()).add_workdays(today, SOON)
    groups = {
        "late": TodoGroup("late", "已超期", "bad", []),
        "today": TodoGroup("today", "今天到期", "warn", []),
        "soon": TodoGroup("soon", f"{SOON}个工作日内", "ok", []),
        "rest": TodoGroup("rest", "其余", "none", []),
    }
    for todo in inbox.todos(actor, now) if waiting is None else waiting:
        on = timezone.localdate(todo.due_at) if todo.due_at else todo.due_on
        if on is not None and (on < today or (todo.due_at is not None and todo.due_at < now)):
            code = "late"
        elif on == today:
            code = "today"
        else:
            code = "soon" if on is not None and on <= soon else "rest"
        groups[code].todos.append(todo)
    return [group for group in groups.values() if group.todos]


@dataclass(frozen=True, slots=True)
class SnoozeDays:
    """The days that a click may put a thing off to, and for how long at most without a due day."""

    today: date
    days: Sequence[tuple[str, date]]
    most: int

    def open_to(self, todo: Todo) -> list[tuple[str, date]]:
        return [(n, d) for n, d in self.days if inbox.fault_of(todo, d, self.today, self.most) is None]

    def reason(self, todo: Todo) -> str:
        """Return why a thing cannot be put off at all; nothing where it can."""
        fault = inbox.fault_of(todo, self.today + timedelta(days=1), self.today, self.most)
        return fault.reason if fault else ""


def snooze_days(waiting: Sequence[Todo], now: datetime, calendar: Calendar | None = None) -> SnoozeDays:
    today = timezone.localdate(now)
    calendar = calendar or holidays.calendar()
    next_workday = calendar.add_workdays(today, 1)
    monday = today + timedelta(days=7 - today.weekday())
    days = [("下个工作日", next_workday), ("下周一", monday)]
    return SnoozeDays(today, days[: 1 if monday == next_workday else 2], inbox.longest(waiting, today))


# --- search --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hits:
    """The answers of one subject."""

    label: str
    found: list[Found]


def search(
    actor: Actor, words: str, clock: Callable[[], float] = time.perf_counter
) -> tuple[list[Hits], list[str]]:
    """Ask each subject in turn for what the actor may see; return the answers, and the subjects not reached in time."""
    started, hits, missed = clock(), [], []
    for source in registry.searchers:
        if clock() - started > SEARCH_SECONDS:
            missed.append(source.label)
            continue
        found = source.find(actor, words, PER_SOURCE)
        if found:
            hits.append(Hits(source.label, found))
    return hits, missed


# --- local rules ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A declared number, the value in force (as people read it), and whether the actor may set it."""

    declared: local.Declared
    value: local.Value
    shown: str
    may_set: bool


def local_rules(actor: Actor, now: datetime) -> list[RuleLine]:
    actor.require(House.SEE_LOCAL_RULES)
    today = timezone.localdate(now)
    lines, values = [], local.all_on(today)
    for declared in local.declared():
        value = values[declared.code]
        shown = local.label_of(declared, value.value)
        lines.append(RuleLine(declared, value, shown, actor.may(declared.permission)))
    return lines


# --- journal -------------------------------------------------------------------------------------


def journal_entries(actor: Actor) -> Any:
    actor.require(House.SEE_JOURNAL)
    return JournalEntry.objects.all()


def own_entries(actor: Actor) -> Any:
    """Return what the actor did (已办); entries of one's own are one's own to see."""
    return JournalEntry.objects.filter(by=actor.key)


EVENT_KINDS = """
WITH RECURSIVE kinds(event) AS (
  SELECT min(event) FROM {table}
  UNION ALL
  SELECT (SELECT min(event) FROM {table} WHERE event > kinds.event) FROM kinds WHERE kinds.event IS NOT NULL
) SELECT event FROM kinds WHERE event IS NOT NULL
"""


def journal_events() -> Sequence[str]:
    """Return the kinds of event that stand in the journal, by index skips: as many steps as kinds, not entries."""
    with connection.cursor() as cursor:
        cursor.execute(EVENT_KINDS.format(table=connection.ops.quote_name(JournalEntry._meta.db_table)))
        return [event for (event,) in cursor.fetchall()]


def rule_history(actor: Actor, declared: local.Declared) -> list[tuple[LocalRule, str]]:
    """Return the values that the county set, newest day first, each as people read it."""
    actor.require(House.SEE_LOCAL_RULES)
    found = LocalRule.objects.filter(code=declared.code).order_by("-since")
    return [(rule, local.label_of(declared, rule.value)) for rule in found]


# --- suggestions ---------------------------------------------------------------------------------


def answered_suggestions() -> list[Suggestion]:
    """Return what was answered, for everybody: the public words only are shown."""
    return list(Suggestion.objects.exclude(answered_at=None).order_by("-answered_at")[:100])


def own_suggestions(actor: Actor) -> list[tuple[Suggestion, str]]:
    """Return what the actor proposed, with its text."""
    found = Suggestion.objects.filter(made_by=actor.key).order_by("-made_at")[:50]
    return [(s, privacy.unseal(s.text_sealed).get("text", "")) for s in found]


def open_suggestions(actor: Actor) -> Any:
    actor.require(Can.ANSWER_SUGGESTIONS)
    return Suggestion.objects.filter(answered_at=None).order_by("made_at")


def suggestion_todos(actor: Actor, now: datetime) -> list[Todo]:
    """Return the complaints and proposals that wait for an answer, one row each, at most twenty."""
    if not actor.may(Can.ANSWER_SUGGESTIONS):
        return []
    found = list(open_suggestions(actor)[:20])
    if not found:
        return []
    due = holidays.calendar().add_workdays
    return [
        Todo(
            verb="答复",
            title=f"投诉建议：{s.made_by_name}于{text.when(s.made_at)}提出",
            url=reverse("site:suggestion", args=[s.pk]),
            asked_by=s.made_by_name,
            due_on=due(timezone.localdate(s.made_at), ANSWER_WORKDAYS),
            arrived_at=s.made_at,
            why="岗位：综合科",
            kind="suggestion",
            consequence="投诉建议须有答复并公开",
        )
        for s in found
    ]
