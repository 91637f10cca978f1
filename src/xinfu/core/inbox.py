"""待办: each app registers one query; the home screen is their union."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal, local
from xinfu.core.actor import Actor
from xinfu.core.models import Snooze
from xinfu.core.permissions import Can
from xinfu.core.refusal import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing that waits for this actor: who asks, which verb, about what, until when, why I (I2).

    `count` > 1 means that the row stands for a list (such as 12 cases due today).
    """

    verb: str
    title: str
    url: str
    asked_by: str
    due_on: date | None
    arrived_at: datetime | None
    why: str
    kind: str
    consequence: str = ""
    count: int = 1
    due_at: datetime | None = None

    @property
    def key(self) -> str:
        """The same for the same thing as long as it waits for the same: where it opens, the verb, when it came."""
        came = self.arrived_at.isoformat() if self.arrived_at else ""
        return hashlib.sha256("\n".join((self.kind, self.verb, self.url, came)).encode()).hexdigest()


Source = Callable[[Actor, datetime], Iterable[Todo]]
_SOURCES: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add an app's query `(actor, now) -> todos` under a unique name."""
    _SOURCES[name] = source


def todos(actor: Actor, now: datetime) -> list[Todo]:
    """Return what waits for the actor now, by due day, then by arrival (I1); what was put off is left out."""
    return sorted_out(actor, now)[0]


def sorted_out(actor: Actor, now: datetime) -> tuple[list[Todo], list[Later]]:
    """Return what waits now, and what the actor put off until a later day (I3)."""
    found = [todo for source in _SOURCES.values() for todo in source(actor, now)]
    late = date.max
    found.sort(key=lambda t: (t.due_on or late, t.arrived_at or now, t.title))
    today = timezone.localdate(now)
    later = dict(Snooze.objects.filter(owner=actor.key, until__gt=today).values_list("key", "until"))
    waiting: list[Todo] = []
    put_off: list[Later] = []
    for todo in found:
        until = later.get(todo.key)
        if until is None or fault_of(todo, until, today, EVER) is not None:
            waiting.append(todo)
        else:
            put_off.append(Later(todo, until))
    return waiting, sorted(put_off, key=lambda p: p.until)


# --- 稍后处理 ------------------------------------------------------------------------------------


EVER = 100_000
KEEP_DAYS = 7
local.declare(
    "inbox.snooze_days",
    title="无期限待办最多推迟天数",
    default=30,
    unit="天",
    source="本单位待办管理办法（默认值，未见上位规定）",
    check=local.whole(1, 366),
    permission=Can.SET_LOCAL_RULES,
)


@dataclass(frozen=True, slots=True)
class Later:
    """A thing that was put off, and the day on which it comes back."""

    todo: Todo
    until: date


def due_of(todo: Todo) -> date | None:
    return timezone.localdate(todo.due_at) if todo.due_at else todo.due_on


def longest(waiting: Iterable[Todo], today: date) -> int:
    """Return for how many days a thing without a due day may be put off (本地规定); asked only where there is one."""
    if all(due_of(todo) is not None for todo in waiting):
        return EVER
    return int(local.on("inbox.snooze_days", today).value)


def fault_of(todo: Todo, until: date, today: date, most: int) -> Refused | None:
    """Return why a thing may not be put off until a day, or None: the day lies before the due day (I3)."""
    due = due_of(todo)
    if due is not None and due <= today + timedelta(days=1):
        said = "今天到期" if due == today else "已超期" if due < today else "明天到期"
        return Refused("too_near", f"此件{said}，不能推迟，请先办理。", field="until")
    if until <= today:
        return Refused("not_later", "请选择明天或以后的日期。", field="until")
    if due is not None and until >= due:
        said = f"推迟日期须早于到期日（{due.month}月{due.day}日），最晚可推迟到前一天。"
        return Refused("after_due", said, field="until")
    if due is None and until > today + timedelta(days=most):
        return Refused(
            "too_long", f"无期限的待办最多推迟{most}天（本地规定），请选更早的日期。", field="until"
        )
    return None


def find(actor: Actor, key: str, now: datetime) -> tuple[Todo, date | None]:
    """Return one thing of the actor's inbox, and until when it is put off."""
    waiting, put_off = sorted_out(actor, now)
    for todo in waiting:
        if todo.key == key:
            return todo, None
    for later in put_off:
        if later.todo.key == key:
            return later.todo, later.until
    raise NotFound("这条待办已经不在了，可能已由您或他人办结。")


@transaction.atomic
def snooze(*, key: str, until: date, by: Actor, at: datetime) -> Todo:
    """Put a thing off until a day, on which it comes back by itself.

    Refuses: a day that is past, the due day or after it, too long without a due day, a thing that waits no more.
    """
    todo, _ = find(by, key, at)
    today = timezone.localdate(at)
    fault = fault_of(todo, until, today, longest([todo], today))
    if fault is not None:
        raise fault
    kept, _ = Snooze.objects.update_or_create(owner=by.key, key=key, defaults={"until": until, "set_at": at})
    journal.record("todo.snoozed", kept, by=by, at=at, kind=todo.kind, until=until.isoformat())
    return todo


@transaction.atomic
def wake(*, key: str, by: Actor, at: datetime) -> Todo:
    """Bring a thing back that was put off."""
    todo, until = find(by, key, at)
    kept = Snooze.objects.filter(owner=by.key, key=key).first()
    if until is None or kept is None:
        raise Refused("not_snoozed", "这条待办没有推迟，已在列表里。")
    subject = journal.subject_of(kept)
    kept.delete()
    journal.record("todo.woken", subject, by=by, at=at, kind=todo.kind)
    return todo


def remove_old(*, at: datetime) -> int:
    """Remove what was put off until a day a week ago."""
    return Snooze.objects.filter(until__lt=timezone.localdate(at) - timedelta(days=KEEP_DAYS)).delete()[0]
