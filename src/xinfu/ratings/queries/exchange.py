"""Ratings of a period as records for partners; of an anonymous one nothing that leads to its author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

from django.conf import settings
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from xinfu.core import clock
from xinfu.core.actor import Actor
from xinfu.core.privacy import unseal
from xinfu.ratings import telling
from xinfu.ratings.access import Can
from xinfu.ratings.exchange import LONGEST_HANDLE_ITEM, LONGEST_PHONE, Format, Record
from xinfu.ratings.models.rating import Rating, RatingQuerySet, UserKind

CHUNK = 2_000
IS_IMMEDIATE = {"1": True, "2": False}
"""办件类型 of GB/T 39046 A.6; of 9 其他 it is not said which."""


@dataclass(frozen=True, slots=True)
class OfCase:
    """What a record by name takes from its case and the case's item."""

    number: str = ""
    kind: str = ""
    handler: str = ""
    applied_at: datetime | None = None
    received_at: datetime | None = None
    finished_at: datetime | None = None
    handle_item: str | None = None
    person_topic: str | None = None
    organisation_topic: str | None = None


def ratings_between(actor: Actor, first_on: date, last_on: date) -> RatingQuerySet:
    """Return the ratings of the period in the units that the actor may exchange; anonymous ones once their day is over."""
    actor.require(Can.EXCHANGE)
    over = Q(is_anonymous=False) | Q(rated_on__lt=clock.today())
    rows = Rating.objects.filter(over, rated_on__gte=first_on, rated_on__lte=last_on)
    scope = actor.scope(Can.EXCHANGE)
    return rows if scope.everything else rows.filter(department_id__in=scope.units)


def records_between(actor: Actor, form: Format, first_on: date, last_on: date) -> Iterator[Record]:
    """Yield what the form can carry of the period's ratings, the latest day first, within a day by code.

    An anonymous rating gives its number here, its day and its unit; its item only where staff are told it as well,
    and what else it took from its case (for whom, which kind) as little as staff are told it.
    """
    found = ratings_between(actor, first_on, last_on)
    rows = iter(found.select_related("department").order_by("-rated_on", "code").iterator(chunk_size=CHUNK))
    while part := list(islice(rows, CHUNK)):
        known = _cases_of(part)
        for rating in part:
            record = (
                _anonymous(rating) if rating.is_anonymous else _named(rating, known.get(rating.pk, OfCase()))
            )
            if form.carries(record):
                yield record


def rows_of(form: Format, records: Iterable[Record]) -> Iterator[dict[str, str]]:
    """Yield records as rows of the form, each with all of its columns."""
    for record in records:
        written = form.write(record)
        yield {name: written.get(name, "") for name in form.columns}


def _cases_of(part: Iterable[Rating]) -> dict[int, OfCase]:
    """Return what is known of the cases, by rating; of anonymous ones none is asked for."""
    named = [rating.pk for rating in part if not rating.is_anonymous]
    details = "case__item_version__details"
    rows = Rating.objects.filter(pk__in=named, case__isnull=False).values_list(
        "pk", "case__case_no", "case__project_type", "case__handler_name", "case__applied_at",
        "case__received_at", "case__finished_at", KeyTextTransform("handle_item", details),
        KeyTextTransform("user_topic_type", details), KeyTextTransform("corp_topic_type", details),
    )  # fmt: skip
    return {pk: OfCase(*known) for pk, *known in rows}


def _anonymous(rating: Rating) -> Record:
    shows_item = telling.is_told("item", is_anonymous=True, told=rating.told)
    return replace(
        _common(rating),
        item_code=rating.item_code if shows_item else "",
        item_name=rating.item_name if shows_item else "",
    )


def _named(rating: Rating, case: OfCase) -> Record:
    said = unseal(rating.sealed)
    is_person = rating.user_kind == UserKind.PERSON
    return replace(
        _common(rating),
        case_no=case.number or said.get("case_no", ""),
        is_anonymous=False,
        name=said.get("name", ""),
        phone=_whole(said.get("phone", ""), LONGEST_PHONE),
        identity=said.get("identity", ""),
        identity_kind=said.get("identity_kind", ""),
        user_kind=rating.user_kind,
        immediate=IS_IMMEDIATE.get(case.kind),
        item_code=rating.item_code,
        item_name=rating.item_name,
        handle_item=_whole(case.handle_item or "", LONGEST_HANDLE_ITEM),
        topic=(case.person_topic if is_person else case.organisation_topic) or "",
        handler=case.handler,
        applied_at=case.applied_at,
        received_at=case.received_at,
        done_at=case.finished_at,
    )


def _whole(said: str, longest: int) -> str:
    """Return a code or number, or nothing where partners have no room for it: a part of it would be another."""
    return said if len(said) <= longest else ""


def _common(rating: Rating) -> Record:
    """Return what is written of every rating, as of an anonymous one."""
    unit = rating.department
    return Record(
        case_no="",
        level=rating.level,
        rated_at=rating.rated_at,
        channel=rating.channel,
        stage=rating.stage,
        turn=rating.turn,
        reasons=tuple(code for code in rating.reason_codes.split(",") if code),
        text=rating.text,
        may_publish=rating.may_publish,
        number=rating.province_no or rating.code,
        unit_code=unit.code if unit else "",
        unit_name=unit.name if unit else "",
        area=settings.DIVISION_CODE,
        area_name=settings.COUNTY,
    )
