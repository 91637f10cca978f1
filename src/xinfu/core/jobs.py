"""What the schedule calls in `core`: thin, one call out each."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django_tasks import task

from xinfu.core import clock, events, journal, messages, tasks, tries
from xinfu.core.models import ApiReply

KEEP_REPLIES = timedelta(days=2)
KEEP_TEMPORARY_SECONDS = 2 * 24 * 3600


def checkpoint(at: datetime) -> None:
    journal.make_checkpoint(at=at)


def deliver_events(at: datetime) -> None:
    events.deliver(at=at)


def reap(at: datetime) -> None:
    tasks.reap(at)


def cleanup(at: datetime) -> None:
    """Remove ended sessions, old idempotency answers, ended counts of tries and left-over temporary files."""
    Session.objects.filter(expire_date__lt=at).delete()
    ApiReply.objects.filter(made_at__lt=at - KEEP_REPLIES).delete()
    tries.tidy(at)
    limit = time.time() - KEEP_TEMPORARY_SECONDS
    for path in (Path(settings.HOME) / "tmp").iterdir():
        if path.is_file() and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


@task()
def send_messages() -> None:
    """Send what waits, as far as one run goes; where it sent all that it may, another run goes on."""
    if messages.deliver(at=clock.now()) == messages.A_RUN:
        messages.wake()


def deliver_messages(at: datetime) -> None:
    """Send what no task has sent: its worker died, or the gateway was down."""
    messages.deliver(at=clock.now(), most=messages.A_TICK)


def wipe_messages(at: datetime) -> None:
    messages.wipe(at=clock.now())
