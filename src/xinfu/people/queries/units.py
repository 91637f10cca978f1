"""Units, people and organisations as everybody reads them; the actor comes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery

from xinfu.core import privacy
from xinfu.core.access import Role
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import NotFound
from xinfu.people import rules
from xinfu.people.access import Can
from xinfu.people.models import Department, Deputy, Organisation, Person, RoleGrant, Window
from xinfu.people.models.units import DepartmentQuerySet, PersonQuerySet, WindowQuerySet

# --- units ---------------------------------------------------------------------------------------


def departments(actor: Actor) -> DepartmentQuerySet:
    """Return the units that the actor may see, in order."""
    return Department.objects.visible_to(actor).select_related("parent").order_by("order", "code")


@dataclass(frozen=True, slots=True)
class Node:
    """One line of the tree: a unit, how deep it stands, and what hangs on it."""

    department: Department
    depth: int
    windows: int
    people: int


def tree(actor: Actor, closed: bool = False) -> list[Node]:
    """Return the visible units as a tree in reading order; without the closed ones unless asked."""
    seen = departments(actor)
    rows = (seen if closed else seen.open()).annotate(
        window_count=_count(Window.objects.open(), "department"),
        people_count=_count(Person.objects.serving(), "department"),
    )
    units = list(rows)
    rank = {unit.pk: n for n, unit in enumerate(units)}
    last = len(units)

    def place(unit: Department) -> list[int]:
        return [rank.get(int(step), last) for step in unit.path.strip("/").split("/")]

    ordered = sorted(units, key=place)
    top = min((rules.depth(unit.path) for unit in ordered), default=0)
    return [_node(unit, top) for unit in ordered]


def _node(unit: Any, top: int) -> Node:
    return Node(unit, rules.depth(unit.path) - top, unit.window_count or 0, unit.people_count or 0)


def _count(rows: QuerySet[Any], field: str) -> Subquery:
    """Return a subquery that counts the rows of each outer row."""
    own = rows.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Subquery(own.annotate(number=Count("pk")).values("number"))


def get_department(actor: Actor, pk: int) -> Department:
    found = departments(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def ancestors(actor: Actor, department: Department) -> list[Department]:
    """Return the visible units above, from the root down."""
    ids = [int(step) for step in department.path.strip("/").split("/")[:-1]]
    found = {unit.pk: unit for unit in departments(actor).filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


def find_department(text: str) -> Department | None:
    """Return the one unit in use with this code, name or short name; None where none or several fit."""
    cleaned = rules.clean_name(text)
    units = Department.objects.open().order_by("pk")
    for wanted in (Q(code=rules.clean_code(text)), Q(name=cleaned), Q(short_name=cleaned)):
        found = list(units.filter(wanted)[:2])
        if found:
            return found[0] if len(found) == 1 else None
    return None


def find_departments(actor: Actor, text: str) -> QuerySet[Department]:
    """Return visible units whose name or code the words are part of."""
    words = rules.clean_name(text)
    wanted = (
        Q(name__contains=words) | Q(short_name__contains=words) | Q(code__startswith=rules.clean_code(text))
    )
    return departments(actor).filter(wanted)


def find_windows(actor: Actor, text: str) -> QuerySet[Window]:
    """Return visible windows by part of the name or the beginning of the code."""
    wanted = Q(name__contains=rules.clean_name(text)) | Q(code__startswith=rules.clean_code(text))
    return windows(actor).filter(wanted)


LABELS: Mapping[str, tuple[type[Any], str]] = {
    "department": (Department, "short_name"),
    "department_name": (Department, "name"),
    "window": (Window, "name"),
    "person": (Person, "name"),
    "organisation": (Organisation, "name"),
}


def labels(kind: str, ids: Iterable[int] | None = None) -> dict[int, str]:
    """Return id → name for other apps' tables: department (short), department_name, window, person, organisation."""
    model, column = LABELS[kind]
    rows = model.objects.order_by("pk")
    return dict((rows if ids is None else rows.filter(pk__in=set(ids))).values_list("pk", column))


def codes(kind: str) -> dict[str, int]:
    """Return code → id of all units or windows (`department`, `window`), closed ones included, for imports."""
    return dict(LABELS[kind][0].objects.order_by("pk").values_list("code", "pk"))


def department_names() -> dict[str, int]:
    """Return every unambiguous code, name and short name of a unit in use → its id, for imports."""
    found: dict[str, int] = {}
    doubtful: set[str] = set()
    for pk, *words in (
        Department.objects.open().order_by("pk").values_list("pk", "code", "name", "short_name")
    ):
        for word in set(words):
            if found.setdefault(word, pk) != pk:
                doubtful.add(word)
    return {word: pk for word, pk in found.items() if word not in doubtful}


def windows(actor: Actor) -> WindowQuerySet:
    return Window.objects.visible_to(actor).select_related("department").order_by("order", "code")


def get_window(actor: Actor, pk: int) -> Window:
    found = windows(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


# --- people --------------------------------------------------------------------------------------


def people(actor: Actor) -> PersonQuerySet:
    return Person.objects.visible_to(actor).select_related("department", "window").order_by("staff_no")


def _words(text: str) -> Q:
    words = rules.clean_name(text)
    code = rules.clean_code(text)
    wanted = Q(name__contains=words) | Q(staff_no__startswith=code)
    if code.isdigit() and len(code) == 4:
        wanted |= Q(phone_tail=code)
    if code.isdigit() and len(code) >= 7:
        wanted |= Q(phone_digest=privacy.digest(code))
    return wanted


def find_people(actor: Actor, text: str) -> QuerySet[Person]:
    """Return visible people by name, number, whole phone or its last four digits."""
    return people(actor).filter(_words(text))


def get_person(actor: Actor, pk: int) -> Person:
    found = people(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def masked_phone(person: Person) -> str:
    """Return the house's one mask of a person's phone."""
    return privacy.mask("phone", privacy.unseal(person.contact_sealed).get("phone", ""))


def grants_of(person: Person) -> list[RoleGrant]:
    """Return all role grants of a person, the latest first, past ones included."""
    return list(person.grants.select_related("department").order_by("-since", "-pk"))


def get_grant(actor: Actor, pk: int) -> RoleGrant:
    grant = RoleGrant.objects.select_related("person", "department").filter(pk=pk).first()
    if grant is None or not people(actor).filter(pk=grant.person_id).exists():
        raise NotFound()
    return grant


def people_with(role: Role, day: date) -> QuerySet[Person]:
    """Return who holds a role on a day, for other apps' work (whom to hand something to)."""
    held = RoleGrant.objects.in_force(day).filter(role=role, person=OuterRef("pk"))
    return Person.objects.serving().filter(Exists(held)).select_related("department").order_by("staff_no")


def deputies_of(person_id: int, day: date) -> list[Deputy]:
    """Return the stand-ins for a person, present and to come."""
    rows = Deputy.objects.filter(person=person_id, ended_at=None, until__gte=day)
    return list(rows.select_related("deputy__department", "person").order_by("since"))


def duties(person_id: int, day: date) -> list[Deputy]:
    """Return whom a person stands in for, now and later."""
    rows = Deputy.objects.filter(deputy=person_id, ended_at=None, until__gte=day, person__left_on=None)
    return list(rows.select_related("person__department").order_by("since"))


def get_deputy(pk: int) -> Deputy:
    found = Deputy.objects.select_related("person", "deputy").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def colleagues(actor: Actor) -> QuerySet[Person]:
    """Return the serving people of the actor's unit but themself: who may become their deputy."""
    return (
        Person.objects.serving()
        .filter(department=actor.unit_id)
        .exclude(pk=actor.id or 0)
        .order_by("staff_no")
    )


# --- organisations -------------------------------------------------------------------------------


def organisations(actor: Actor) -> QuerySet[Organisation]:
    """Return the outside organisations: all for the office, one's own for an outside account."""
    rows = Organisation.objects.order_by("uscc")
    if actor.may(Can.SEE_ORGANISATIONS):
        return rows
    return rows.filter(pk=actor.unit_id or 0) if actor.kind == Kind.OUTSIDE else rows.none()


def get_organisation(actor: Actor, pk: int) -> Organisation:
    found = organisations(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


# --- the list of people --------------------------------------------------------------------------


def people_of(actor: Actor, day: date) -> QuerySet[Person]:
    """Return the visible people with their roles in force on the day brought along (`roles_now`)."""
    held = Prefetch("grants", RoleGrant.objects.in_force(day).order_by("role"), to_attr="roles_now")
    return people(actor).prefetch_related(held)


def role_words(person: Any) -> str:
    """Return the labels of the roles that `people_of` brought along."""
    return "、".join(dict.fromkeys(grant.get_role_display() for grant in person.roles_now))


def narrow_people(rows: QuerySet[Person], wanted: dict[str, Any], day: date) -> QuerySet[Person]:
    """Narrow a list of people by words, unit, role and whether they serve or left."""
    if words := wanted.get("q"):
        rows = rows.filter(_words(words))
    if name := wanted.get("department"):
        unit = find_department(name)
        rows = rows.filter(department__path__startswith=unit.path) if unit else rows.none()
    if role := wanted.get("role"):
        held = RoleGrant.objects.in_force(day).filter(role=role, person=OuterRef("pk"))
        rows = rows.filter(Exists(held))
    if state := wanted.get("state"):
        rows = rows.filter(left_on__isnull=state == "serving")
    return rows
