"""Numbers for Prometheus, as its plain text; read from the database, so that every process says the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from xinfu.core import journal, tasks
from xinfu.core.models import Download, DueRun, EventCursor
from xinfu.site import state
from xinfu.site.shell import version_of_house

Sample = tuple[Mapping[str, str], float]


def _family(name: str, text: str, samples: Iterable[Sample]) -> list[str]:
    lines = [f"# HELP xinfu_{name} {text}", f"# TYPE xinfu_{name} gauge"]
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(said)}"' for key, said in labels.items())
        lines.append(f"xinfu_{name}{{{inner}}} {value:g}" if inner else f"xinfu_{name} {value:g}")
    return lines


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def render() -> str:
    """Return all numbers: queue, schedule, journal, disk, clocks."""
    now = timezone.now()
    counts, waited = state.queue(now)
    usage, last = shutil.disk_usage(settings.HOME), journal.latest_checkpoint()
    runs = DueRun.objects.in_bulk()
    ages: list[Sample] = [
        ({"name": d.name}, (now - at).total_seconds())
        for d in tasks.schedule()
        if (run := runs.get(d.name)) and (at := run.started_at)
    ]
    errors: list[Sample] = [
        ({"name": d.name}, float(bool(d.name in runs and runs[d.name].error))) for d in tasks.schedule()
    ]
    asked = Download.objects.order_by().values("state").annotate(n=Count("id")).order_by("state")
    families: list[tuple[str, str, list[Sample]]] = [
        ("info", "Version of the program.", [({"version": version_of_house()}, 1.0)]),
        (
            "tasks",
            "Background tasks by status.",
            [({"status": s}, float(n)) for s, n in counts.items()],
        ),
        (
            "tasks_oldest_waiting_seconds",
            "Age of the oldest waiting task.",
            [({}, waited or 0.0)],
        ),
        ("schedule_last_started_seconds", "Seconds since a line of the schedule last started.", ages),
        ("schedule_failed", "1 where the last run of a line failed.", errors),
        (
            "events_stuck",
            "Listeners that fail.",
            [({}, float(EventCursor.objects.filter(failures__gt=0).count()))],
        ),
        ("journal_entries", "Entries of the journal.", [({}, float(journal.size()))]),
        (
            "journal_checkpoint_age_seconds",
            "Age of the last signed checkpoint.",
            [({}, (now - last.made_at).total_seconds())] if last else [],
        ),
        ("downloads", "Exports by state.", [({"state": row["state"]}, float(row["n"])) for row in asked]),
        ("disk_free_bytes", "Free bytes where the program writes.", [({}, float(usage.free))]),
        ("clock_drift_seconds", "Database clock less process clock.", [({}, state.clock_drift())]),
    ]
    return "\n".join(line for name, said, samples in families for line in _family(name, said, samples)) + "\n"
