"""Earlier suggestions like the one being written: two indexes of this process, kept in step with what was handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from django.db.models import Count, Max, Sum

from xinfu.indicators.models import Proposal
from xinfu.lib.similarity import Index, grams

ALIKE_TITLE = 0.35
"""Dice coefficient of two titles from which they are shown as alike."""
ALIKE_CONTENT = 0.45
"""Share of the written text's grams that an earlier one must have."""
LEAST_GRAMS = 12
"""Below this a text is too short to be looked for inside others."""
OVERLAP = timedelta(minutes=10)
"""What was handed in by a transaction that ended late is read again."""
State = tuple[int, int, int, datetime | None]


@dataclass(slots=True)
class _Kept:
    state: State = (-1, -1, -1, None)
    titles: Index[int] = field(default_factory=Index)
    contents: Index[int] = field(default_factory=Index)


_kept = _Kept()
_lock = Lock()


def nearest(title: str, content: str, limit: int = 5) -> list[tuple[int, float]]:
    """Return up to `limit` handed-in suggestions like this one by id, the likest first, with their likeness."""
    state = _state()
    with _lock:
        if state != _kept.state:
            _follow(state)
        found = dict(_kept.titles.nearest(title, 2 * limit, ALIKE_TITLE))
        if len(grams(content)) >= LEAST_GRAMS:
            for key, score in _kept.contents.nearest(content, 2 * limit, ALIKE_CONTENT, within=True):
                found[key] = max(score, found.get(key, 0.0))
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]


def forget() -> None:
    """Drop the index; the next question reads everything anew."""
    global _kept  # noqa: PLW0603 -- one index a process
    _kept = _Kept()


def _state() -> State:
    """Return a few sums that change with every suggestion that is handed in, also for the second time."""
    rows = Proposal.objects.exclude(number="")
    found = rows.aggregate(n=Count("pk"), ids=Sum("pk"), turns=Sum("turn"), last=Max("handed_in_at"))
    return found["n"], found["ids"] or 0, found["turns"] or 0, found["last"]


def _follow(state: State) -> None:
    """Read what was handed in since; everything anew where that does not explain the sums."""
    since = _kept.state[3]
    if since is not None:
        _read(since - OVERLAP)
    if since is None or (len(_kept.titles), sum(_kept.titles)) != state[:2]:
        forget()
        _read(None)
    _kept.state = state


def _read(since: datetime | None) -> None:
    rows = Proposal.objects.exclude(number="")
    if since is not None:
        rows = rows.filter(handed_in_at__gte=since)
    for pk, title, content in rows.order_by("pk").values_list("pk", "title", "content").iterator():
        _kept.titles.put(pk, title)
        _kept.contents.put(pk, content)
