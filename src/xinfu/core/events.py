"""Upward news: what an app below tells the apps above, delivered from the journal by the task runner.

The only indirect call in the house: `events.on("case.closed", "xinfu.ratings.actions.invite")` in an `apps.py`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils.module_loading import import_string

from xinfu.core.models import EventCursor, JournalEntry
from xinfu.lib import canon

log = logging.getLogger(__name__)
_LISTENERS: dict[str, set[str]] = defaultdict(set)
BATCH = 500


def on(event: str, handler: str) -> None:
    """Have `handler(entry: dict, at: datetime)` called for each later entry of the event, at least once, in order."""
    _LISTENERS[handler].add(event)


def listeners() -> dict[str, set[str]]:
    return dict(_LISTENERS)


def deliver(*, at: datetime) -> int:
    """Deliver outstanding entries to every listener; a failing one keeps its place and is tried again."""
    return sum(_deliver_to(handler, sorted(names), at) for handler, names in sorted(_LISTENERS.items()))


def _deliver_to(handler: str, names: list[str], at: datetime) -> int:
    call = import_string(handler)
    EventCursor.objects.get_or_create(handler=handler)
    done = 0
    for _ in range(BATCH):
        try:
            with transaction.atomic():
                cursor = EventCursor.objects.select_for_update(of=("self",)).get(handler=handler)
                entry = JournalEntry.objects.filter(event__in=names, n__gt=cursor.n).order_by("n").first()
                if entry is None:
                    return done
                call(canon.parse(bytes(entry.body)), at)
                EventCursor.objects.filter(handler=handler).update(n=entry.n, failures=0)
        except Exception:
            log.exception("event listener %s failed", handler)
            known = EventCursor.objects.filter(handler=handler)
            known.update(failures=known.values_list("failures", flat=True)[0] + 1)
            return done
        done += 1
    return done
