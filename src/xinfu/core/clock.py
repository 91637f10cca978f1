"""The house's clock: the moment that screens, tasks and commands hand down as `at`.

A demonstration shows records of a past half-year; there `XINFU_DEMO_DAY` sets the day (the time of day stays
real), and every page says so. Sessions, lock-outs and signatures never use it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """Return the present moment, or the same time of day on the demonstration's day."""
    real = timezone.now()
    day: date | None = settings.DEMO_DAY
    if day is None:
        return real
    return real + timedelta(days=(day - timezone.localdate(real)).days)


def today() -> date:
    return timezone.localdate(now())
