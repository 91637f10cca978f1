"""Ratings of a period as records for partners; of an anonymous one nothing that leads to its author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice

from xinfu.cases import queries as cases
from xinfu.core.actor import Actor
from xinfu.core.privacy import unseal
from xinfu.ratings import telling
from xinfu.ratings.access import Can
from xinfu.ratings.exchange import Format, Record
from xinfu.ratings.models.rating import Rating, RatingQuerySet

CHUNK = 2_000
IMMEDIATE = "1"


def ratings_between(actor: Actor, first_on: date, last_on: date) -> RatingQuerySet:
    """Return the ratings of the period in the units that the actor may exchange."""
    actor.require(Can.EXCHANGE)
    rows = Rating.objects.filter(rated_on__gte=first_on, rated_on__lte=last_on)
    scope = actor.scope(Can.EXCHANGE)
    return rows if scope.everything else rows.filter(department_id__in=scope.units)


def records_between(actor: Actor, form: Format, first_on: date, last_on: date) -> Iterator[Record]:
    """Yield what the form can carry of the period's ratings, the latest day first, within a day by code.

    An anonymous rating gives its number here, its day and its unit; its item only where staff are told it as well.
    """
    found = ratings_between(actor, first_on, last_on)
    rows = iter(found.select_related("department").order_by("-rated_on", "code").iterator(chunk_size=CHUNK))
    while part := list(islice(rows, CHUNK)):
        numbers = cases.numbers_of({r.case_id for r in part if r.case_id is not None})
        for rating in part:
            shows = telling.is_told("item", is_anonymous=rating.is_anonymous, told=rating.told)
            record = _record(rating, numbers, shows_item=shows)
            if form.carries(record):
                yield record


def rows_of(form: Format, records: Iterable[Record]) -> Iterator[dict[str, str]]:
    """Yield records as rows of the form, each with all of its columns."""
    for record in records:
        written = form.write(record)
        yield {name: written.get(name, "") for name in form.columns}


def _record(rating: Rating, numbers: dict[int, tuple[str, str]], *, shows_item: bool) -> Record:
    case_no, kind = numbers.get(rating.case_id or 0, ("", ""))
    said = {} if rating.is_anonymous else unseal(rating.sealed)
    unit = rating.department
    return Record(
        case_no=case_no or said.get("case_no", ""),
        level=rating.level,
        rated_at=rating.rated_at,
        channel=rating.channel,
        stage=rating.stage,
        turn=rating.turn,
        reasons=tuple(code for code in rating.reason_codes.split(",") if code),
        text=rating.text,
        is_anonymous=rating.is_anonymous,
        may_publish=rating.may_publish,
        name=said.get("name", ""),
        phone=said.get("phone", ""),
        identity=said.get("identity", ""),
        user_kind=rating.user_kind,
        immediate=(kind == IMMEDIATE) if kind else None,
        number=rating.province_no or rating.code,
        item_code=rating.item_code if shows_item else "",
        item_name=rating.item_name if shows_item else "",
        unit_code=unit.code if unit else "",
        unit_name=unit.name if unit else "",
    )
