"""Ratings given out to partners: who took which period is in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.ratings.exchange import Format
from xinfu.ratings.queries import exchange as queries

LONGEST = 366


@dataclass(frozen=True, slots=True)
class Given:
    """A period's ratings as rows of a form; `found` counts them all, also those that the form has no code for."""

    rows: Iterator[dict[str, str]]
    found: int


def check_period(first_on: date, last_on: date) -> None:
    """Raise Refused where the days are upside down or too far apart."""
    if first_on > last_on or (last_on - first_on).days >= LONGEST:
        raise Refused("bad_period", f"起止日期应前后相接，一次最多{LONGEST}天。", field="last_on")


@transaction.atomic
def give_ratings(
    *, form: Format, first_on: date, last_on: date, most: int = 0, by: Actor, at: datetime
) -> Given:
    """Return the ratings of a period for a partner; at most `most` of them, or any number where it is 0."""
    check_period(first_on, last_on)
    found = queries.ratings_between(by, first_on, last_on).count()
    if most and found > most:
        raise Refused("too_many", f"这一期间有{found:,}条，一次最多{most:,}条，请缩短期间。", field="last_on")
    journal.record(
        "ratings.exported", f"ratings.Format:{form.code}", by=by, at=at,
        first_on=first_on.isoformat(), last_on=last_on.isoformat(), found=found,
    )  # fmt: skip
    return Given(queries.rows_of(form, queries.records_between(by, form, first_on, last_on)), found)
