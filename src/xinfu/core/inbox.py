"""待办: each app registers one query; the home screen is their union."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from xinfu.core.actor import Actor


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


Source = Callable[[Actor, datetime], Iterable[Todo]]
_SOURCES: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add an app's query `(actor, now) -> todos` under a unique name."""
    _SOURCES[name] = source


def todos(actor: Actor, now: datetime) -> list[Todo]:
    """Return what waits for the actor, by due day, then by arrival (I1)."""
    found = [todo for source in _SOURCES.values() for todo in source(actor, now)]
    late = date.max
    return sorted(found, key=lambda t: (t.due_on or late, t.arrived_at or now, t.title))
