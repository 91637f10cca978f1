"""Lists of cases: one set of filters for screens, API, inbox and search, the actor's reach always first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from xinfu.cases.access import Can
from xinfu.cases.intake.mapping import zone_named
from xinfu.cases.models import Case, CaseQuerySet, Channel, ImportBatch, Quality
from xinfu.cases.queries import lights
from xinfu.cases.queries.lights import Today
from xinfu.cases.queries.steering import condition
from xinfu.core import once
from xinfu.core.actor import Actor, system
from xinfu.core.privacy import digest
from xinfu.core.refusal import NotFound
from xinfu.core.registry import Found
from xinfu.people import queries as people

TAIL = 6
LISTED = ("department", "window", "town")
TOWNSHIP = "township"
MOST_COMMON = Channel.MOBILE
"""Channels up to this code bring most cases; the rest has an index of its own (models.Case)."""


ALONE = """
SELECT c.id, c.case_no, c.item_code, c.item_name,
  (SELECT v.item_id FROM catalog_itemversion v WHERE v.id = c.item_version_id), c.department_id, c.window_id, c.town_id,
  c.applicant_kind, c.applicant_sealed, c.received_at IS NOT NULL, c.accepted_at IS NOT NULL, c.finished_at IS NOT NULL
FROM cases_case c WHERE c.id = %s
"""


@dataclass(frozen=True, slots=True)
class CaseAlone:
    """The few columns of a case that other apps act by, read without what its page shows beside it."""

    pk: int
    case_no: str
    item_code: str
    item_name: str
    item_id: int | None
    department_id: int | None
    window_id: int | None
    town_id: int | None
    applicant_kind: str
    applicant_sealed: bytes
    is_received: bool
    is_accepted: bool
    is_finished: bool


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list is narrowed to; empty values narrow nothing. Days are inclusive.

    `number`: case number, or its last 6 or more characters; `text`: that, or a whole identity or telephone number;
    `person`: keyed digest of such a number, in hex. `light`: a code of lights.LIGHTS. `mark`: one bit of Quality, or
    -1 for any. `items`: ids of catalog.Item. `due_from`, `due_to`: of open cases.
    """

    number: str = ""
    text: str = ""
    person: str = ""
    state: str = ""
    department: int | None = None
    window: int | None = None
    town: int | None = None
    items: Sequence[int] | None = None
    channel: str = ""
    received_from: date | None = None
    received_to: date | None = None
    finished_from: date | None = None
    finished_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    light: str = ""
    mark: int = 0
    batch: int | None = None
    unified: bool | None = None

    @property
    def is_steered(self) -> bool:
        """Tell whether a small index of few cases leads: open ones, marked ones, late finished ones, one batch's."""
        return bool(self.light or self.mark or self.due_from or self.due_to or self.batch)

    @property
    def is_narrow(self) -> bool:
        """Tell whether an index of a unit, a number or a person leads, which few cases share."""
        units = (self.department, self.window, self.town)
        return any(u is not None for u in units) or bool(self.number or self.text or self.person)


NOTHING = CaseFilter()


def cases(actor: Actor, wanted: CaseFilter = NOTHING, now: Today | None = None) -> CaseQuerySet:
    """Return the visible cases that fit, latest receipt first, with their names at hand.

    `now` is needed where a light is asked for.
    """
    is_steered = wanted.is_steered or not (actor.scope(Can.SEE).everything or wanted.is_narrow)
    narrowed = [*_exact(wanted), *_days(wanted), *_named(wanted)]
    rows = visible(actor, *narrowed, is_steered=is_steered)
    if is_steered and not (wanted.is_steered or wanted.items or wanted.finished_from or wanted.finished_to):
        rows.parts = _parts(actor, [*_exact(wanted, is_steered=True), *_days(wanted)])
    if wanted.mark:
        rows = _marked(rows, wanted.mark)
    if wanted.light:
        assert now is not None
        rows = lights.lit(rows, wanted.light, now)
    return rows.select_related(*LISTED).order_by("-received_at", "-pk")


def _parts(actor: Actor, narrowed: Sequence[Q]) -> tuple[CaseQuerySet, ...]:
    """Return what a unit sees in two: its own cases, and those of its towns that another unit handles."""
    units = sorted(actor.scope(Can.SEE).units)
    mine = Case.objects.filter(*narrowed, department_id__in=units)
    towns = Case.objects.filter(*narrowed, town_id__in=units).exclude(department_id__in=units)
    return (mine, towns) if units else ()


def visible(actor: Actor, *narrowed: Q, is_steered: bool) -> CaseQuerySet:
    """Return the cases that the actor may open (CaseQuerySet.visible_to), by another index than the units'.

    A unit in reach as department or as town asks for two indexes at once, whose rows SQLite would read one by one;
    the indexes by receipt, state and finish carry both, and answer without the rows. What is asked, `narrowed`,
    comes first, being cheaper to tell than whether a unit is among many.
    """
    units = actor.scope(Can.SEE).units
    if not is_steered or actor.scope(Can.SEE).everything or not units:
        return Case.objects.visible_to(actor).filter(*narrowed)
    wanted = sorted(units)
    mine = condition("department_id__in", wanted, is_steered=True)
    return Case.objects.filter(*narrowed, mine | condition("town_id__in", wanted, is_steered=True))


def _exact(wanted: CaseFilter, *, is_steered: bool = False) -> list[Q]:
    pairs = {
        "state": wanted.state or None,
        "department_id": wanted.department,
        "window_id": wanted.window,
        "town_id": wanted.town,
        "channel": wanted.channel or None,
        "is_unified": wanted.unified,
    }
    found = [
        condition(
            name, value, is_steered=is_steered or wanted.is_steered or (_is_rare(wanted) and name == "state")
        )
        for name, value in pairs.items()
        if value is not None
    ]
    if _is_rare(wanted) and not is_steered:
        found.append(Q(channel__gt=MOST_COMMON))
    if wanted.items is not None:
        found.append(Q(item_version__item__in=wanted.items))
    if wanted.batch is not None:
        found.append(Q(batch=wanted.batch))
    return found


def _is_rare(wanted: CaseFilter) -> bool:
    """Tell whether a channel is asked for that few cases come by: its index leads, where no other is small."""
    return bool(wanted.channel) and wanted.channel > MOST_COMMON


def _days(wanted: CaseFilter) -> list[Q]:
    is_steered = wanted.is_steered
    pairs = {
        "finished_on__gte": (wanted.finished_from, is_steered),
        "finished_on__lte": (wanted.finished_to, is_steered),
        "due_on__gte": (wanted.due_from, False),
        "due_on__lte": (wanted.due_to, False),
    }
    found = [condition(n, v, is_steered=steered) for n, (v, steered) in pairs.items() if v is not None]
    if wanted.due_from or wanted.due_to:
        found.append(lights.OPEN)
    return found + _received(wanted.received_from, wanted.received_to)


def _received(first: date | None, last: date | None) -> list[Q]:
    """Bound the receipt by instants, which the indexes are on; by civil days too where cases of another zone are kept."""
    if first is None and last is None:
        return []
    spread = timedelta(0) if _is_one_zone() else timedelta(days=1)
    found = []
    if first is not None:
        found.append(Q(received_at__gte=_start_of(first) - spread))
    if last is not None:
        found.append(Q(received_at__lt=_start_of(last) + timedelta(days=1) + spread))
    if spread:
        days = {"received_on__gte": first, "received_on__lte": last}
        found += [Q((name, day)) for name, day in days.items() if day is not None]
    return found


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_default_timezone()).astimezone(UTC)


def _is_one_zone() -> bool:
    """Tell whether every batch's civil days are those of the house, so that days and instants say the same."""
    house = ZoneInfo(settings.TIME_ZONE)
    kept = ImportBatch.objects.order_by("mapping").values_list("mapping", flat=True).distinct()
    return all(zone_named(mapping) == house for mapping in once.read("mappings_used", lambda: list(kept)))


def _named(wanted: CaseFilter) -> list[Q]:
    """Find by number, by its tail, or by a personal value as a whole; never by parts of hidden digits."""
    found = []
    if word := wanted.number.strip():
        found.append(_numbered(word))
    if word := wanted.text.strip():
        found.append(_numbered(word) | _of_person(digest(word)))
    if wanted.person:
        found.append(_of_person(bytes.fromhex(wanted.person)))
    return found


def _numbered(word: str) -> Q:
    found = Q(case_no=word)
    if len(word) >= TAIL:
        found |= Q(case_tail=word[-TAIL:], case_no__endswith=word)
    return found


def _of_person(value: bytes) -> Q:
    return Q(id_digest=value) | Q(phone_digest=value)


def _marked(rows: CaseQuerySet, mark: int) -> CaseQuerySet:
    rows = rows.filter(quality__gt=0)
    return rows if mark < 0 else rows.annotate(carried=F("quality").bitand(mark)).filter(carried__gt=0)


def quality_counts(actor: Actor) -> list[tuple[Quality, int]]:
    """Return how many visible cases carry each data-quality mark."""
    rows = visible(actor, is_steered=True).filter(quality__gt=0).order_by()
    by_value = rows.values_list("quality").annotate(n=Count("pk"))
    counts = dict.fromkeys(Quality, 0)
    for value, number in by_value:
        for mark in Quality:
            if value & mark:
                counts[mark] += number
    return [(mark, number) for mark, number in counts.items() if number]


def get_case(actor: Actor, pk: int) -> Case:
    return _one(actor, pk=pk)


def get_case_alone(actor: Actor, pk: int) -> CaseAlone:
    """Return what actions read of a case that show nothing of it; for those who see all cases.

    Written out, because each rating asks it: put together by the ORM it took longer than PostgreSQL needs for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(ALONE, [pk])
        found = cursor.fetchone() if actor.scope(Can.SEE).everything else None
    if found is None:
        raise NotFound()
    return CaseAlone(*found)


def get_case_by_number(actor: Actor, case_no: str) -> Case:
    return _one(actor, case_no=case_no)


def _one(actor: Actor, **key: object) -> Case:
    rows = Case.objects.visible_to(actor).select_related(*LISTED, "item_version", "batch")
    return _found(rows.filter(**key))


def _found(rows: CaseQuerySet) -> Case:
    found = rows.first()
    if found is None:
        raise NotFound()
    return found


def find(actor: Actor, text: str, limit: int) -> list[Found]:
    """Answer the search across subjects: by number, its tail, or a whole identity or telephone number."""
    from django.urls import reverse

    if len(text.strip()) < TAIL or not actor.may(Can.SEE):
        return []
    return [
        Found(
            case.item_name,
            f"{case.case_no} {case.get_state_display()}",
            reverse("cases:detail", args=[case.pk]),
            "办件",
        )
        for case in cases(actor, CaseFilter(text=text))[:limit]
    ]


# --- what one may narrow by ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choices:
    """Units, towns and windows in the actor's reach, as (id, name)."""

    departments: list[tuple[int, str]] = field(default_factory=list)
    towns: list[tuple[int, str]] = field(default_factory=list)
    windows: list[tuple[int, str]] = field(default_factory=list)


def choices(actor: Actor) -> Choices:
    """Return what the actor may filter by (one query)."""
    scope = actor.scope(Can.SEE)
    units = people.departments(system("cases")).select_related(None)
    if not scope.everything:
        units = units.filter(pk__in=scope.units)
    fields = ("pk", "short_name", "kind", "windows__order", "windows__code", "windows__pk", "windows__name")
    rows = list(units.values_list(*fields))
    names = {pk: name for pk, name, *_ in rows}
    windows = sorted((order, code, pk, name) for *_, order, code, pk, name in rows if pk is not None)
    return Choices(
        list(names.items()),
        list({pk: name for pk, name, kind, *_ in rows if kind == TOWNSHIP}.items()),
        [(pk, name) for *_, pk, name in windows],
    )
