"""最近变化: which journal entries the home screen tells, to whom, in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps

from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry

SINCE = 400  # entries looked at, newest first: bounded, whatever the journal's size


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of thing whose changes are told: to actors with the permission, `url(id)` opens it.

    `visible(actor, ids) -> ids` narrows to what the actor may see; None means all of the kind.
    """

    label: str
    permission: str
    url: Callable[[str], str] | None
    visible: Callable[[Actor, list[str]], set[str]] | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of news."""

    at: datetime
    who: str
    what: str
    url: str


_SUBJECTS: dict[str, Subject] = {}
_WORDS: dict[str, str] = {}
_NAMES: dict[str, str] = {}


def register(
    subject: str,
    permission: str,
    label: str,
    url: Callable[[str], str] | None = None,
    visible: Callable[[Actor, list[str]], set[str]] | None = None,
) -> None:
    """Tell the changes of one kind of subject, such as `cases.Case`; under a permission, or `signed_in`."""
    _SUBJECTS[subject] = Subject(label, str(permission), url, visible)


def say(words: Mapping[str, str]) -> None:
    """Say how events read: event → sentence without its subject, such as `办结`."""
    _WORDS.update(words)


def name(words: Mapping[str, str]) -> None:
    """Say how events read in the journal's own pages, without telling them as news."""
    _NAMES.update(words)


def word(event: str) -> str:
    """Return how an event reads; its code where nobody said."""
    return _WORDS.get(event) or _NAMES.get(event, event)


def label(subject: str) -> str:
    """Return what a subject is called: as registered, else the model's own name."""
    kind = subject.partition(":")[0]
    if kind in _SUBJECTS:
        return _SUBJECTS[kind].label
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except (LookupError, ValueError):
        return _NAMES.get(kind, kind)


def url(subject: str) -> str:
    kind, _, key = subject.partition(":")
    known = _SUBJECTS.get(kind)
    return known.url(key) if known and known.url and key else ""


def latest(actor: Actor, limit: int = 12) -> list[Line]:
    """Return the newest changes that the actor may see."""
    kinds = [k for k, s in _SUBJECTS.items() if s.permission == "signed_in" or actor.may(s.permission)]
    if not kinds or not _WORDS:
        return []
    entries = [
        e
        for e in JournalEntry.objects.filter(event__in=sorted(_WORDS)).order_by("-n")[:SINCE]
        if e.subject.split(":")[0] in kinds
    ]
    seen = _visible(actor, entries)
    return [
        Line(e.at, e.by_name, f"{label(e.subject)}：{word(e.event)}", url(e.subject))
        for e in entries
        if e.subject in seen
    ][:limit]


def _visible(actor: Actor, entries: list[JournalEntry]) -> set[str]:
    ids: dict[str, list[str]] = {}
    for entry in entries:
        kind, _, key = entry.subject.partition(":")
        ids.setdefault(kind, []).append(key)
    found: set[str] = set()
    for kind, keys in ids.items():
        check = _SUBJECTS[kind].visible
        found |= {f"{kind}:{key}" for key in (check(actor, keys) if check else keys)}
    return found
