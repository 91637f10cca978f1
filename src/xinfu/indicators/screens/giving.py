"""交办 from a page of figures: the address of the giving form with title, owner, source and day filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from xinfu.assignments.access import Can as Assign
from xinfu.core import clock, holidays, local
from xinfu.core.actor import Actor
from xinfu.indicators.local import DEMAND_WORKDAYS


def due_on() -> date:
    """Return the day suggested for putting something right: as many working days as a bulletin's demands have."""
    today = clock.today()
    days = int(local.all_on(today)[DEMAND_WORKDAYS].value)
    return holidays.calendar().due_on(today, days)


def give_url(
    actor: Actor,
    *,
    title: str,
    department: int | None,
    source: str,
    source_name: str,
    text: str = "",
    until: date | None = None,
) -> str:
    """Return where the item is given, filled in; nothing where the actor gives none or no unit is named."""
    if department is None or not actor.may(Assign.GIVE):
        return ""
    said: Mapping[str, Any] = {
        "title": title[:100], "text": text[:1000], "department": department, "source": source,
        "source_name": source_name[:100], "due_on": max(until or due_on(), clock.today() + timedelta(days=1)),
    }  # fmt: skip
    return f"{reverse('assignments:give')}?{urlencode({k: v for k, v in said.items() if v})}"
