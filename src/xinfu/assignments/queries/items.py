"""How everybody reads assigned items; the actor comes first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from xinfu.assignments import local_rules, rules
from xinfu.assignments.access import Can
from xinfu.assignments.actions.items import raw_lamp
from xinfu.assignments.flow import OPEN, Status
from xinfu.assignments.models import Item, ItemFile, LampEntry
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import queries as people

if TYPE_CHECKING:
    from xinfu.people.models import Department

MOST_TODOS = 50
DOING = tuple(str(s) for s in (Status.ASSIGNED, Status.ACCEPTED, Status.IN_WORK, Status.SENT_BACK))
GIVING = tuple(str(s) for s in (Status.RETURNED, Status.REPORTED))


def items(actor: Actor) -> QuerySet[Item]:
    rows = Item.objects.visible_to(actor) if actor.may(Can.SEE) else Item.objects.none()
    return rows.select_related("department", "giver", "person", "transfer_to", "parent")


def get_item(actor: Actor, pk: int) -> Item:
    found = items(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def reach(actor: Actor, permission: Can) -> frozenset[int]:
    """Return the units that somebody acts for: their own and those below."""
    own = {actor.unit_id} if actor.unit_id is not None else set()
    return frozenset(own | set(actor.scope(permission).units)) if actor.may(permission) else frozenset()


def mine(actor: Actor) -> Q:
    return Q(department__in=reach(actor, Can.DO), status__in=DOING)


def to_decide(actor: Actor) -> Q:
    return Q(giver__in=reach(actor, Can.CONFIRM), status__in=GIVING)


def to_take_over(actor: Actor) -> Q:
    return Q(transfer_to__in=reach(actor, Can.DO)) & Q(status__in=[str(s) for s in OPEN])


def given(actor: Actor) -> Q:
    return Q(giver__in=reach(actor, Can.CONFIRM))


def limits(day: date) -> rules.Limits:
    return local_rules.limits_on(day)


def lamp_of(item: Item, day: date, known: rules.Limits) -> rules.Lamp:
    """Return the lamp that is shown; nothing that is finished is lit by hand."""
    override = item.override_lamp if item.finished_at is None else ""
    return rules.lamp(raw_lamp(item, day, known), reviewed=item.reviewed_lamp, override=override)


def lamp_word(item: Item, lamp: rules.Lamp) -> str:
    """Return the lamp in words; the grey of a withdrawn item is not that of one still to begin."""
    return rules.WITHDRAWN if item.status == Status.WITHDRAWN else rules.LAMPS[lamp]


def steps(item: Item) -> list[tuple[datetime, str, str, str]]:
    """Return what happened, oldest first: when, who, verb, note."""
    return [
        (s.at, f"{s.unit_name} {s.by_name}".strip(), s.verb, s.note) for s in item.steps.order_by("at", "pk")
    ]


def lamps(item: Item) -> list[LampEntry]:
    return list(LampEntry.objects.filter(item=item).order_by("at", "pk"))


def parts(actor: Actor, item: Item) -> list[Item]:
    return list(items(actor).filter(parent=item).order_by("due_on", "pk"))


def partners(item: Item) -> list[str]:
    rows = item.partners.select_related("department").order_by("department__order", "pk")
    return [str(row.department) for row in rows]


def attachments(item: Item) -> list[ItemFile]:
    return list(ItemFile.objects.filter(step__item=item).select_related("step").order_by("pk"))


def get_file(actor: Actor, pk: int, file_pk: int) -> tuple[ItemFile, StoredFile]:
    """Return a piece of evidence and its stored content, of an item that the actor may see."""
    file = ItemFile.objects.filter(pk=file_pk, step__item=get_item(actor, pk)).first()
    kept = StoredFile.objects.filter(sha256=file.digest).order_by("pk").first() if file else None
    if file is None or kept is None:
        raise NotFound()
    return file, kept


def units(actor: Actor) -> list[tuple[int, str]]:
    """Return the units in use that the actor sees, for a choice."""
    return [(unit.pk, unit.name) for unit in people.departments(actor) if unit.closed_on is None]


def find_unit(name: str) -> Department:
    """Return the unit of a name or code; refuses one that is unknown or not the only one."""
    found = people.find_department(name)
    if found is None:
        raise Refused(
            "no_unit", f"没有名为“{name.strip()}”的单位，请填全称、简称或机构编码。", field="department"
        )
    return found


def who(actor: Actor, department: int, staff_no: str, partners: Iterable[int]) -> dict[str, Any]:
    """Return owner, person and partners as the action wants them; refuses an unknown staff number."""
    unit = people.get_department(actor, department)
    person = None
    if staff_no.strip():
        person = people.people(actor).filter(staff_no=staff_no.strip()).first()
        if person is None:
            raise Refused("no_person", f"没有工号为“{staff_no.strip()}”的人员。", field="staff_no")
    return {
        "department": unit,
        "person": person,
        "partners": [people.get_department(actor, pk) for pk in partners],
    }


# --- the inbox -----------------------------------------------------------------------------------

VERBS = {
    Status.ASSIGNED: ("签收", "不签收的，超期后亮黄灯、红灯"),
    Status.ACCEPTED: ("办理", "超期亮黄灯、红灯"),
    Status.IN_WORK: ("办理", "超期亮黄灯、红灯"),
    Status.SENT_BACK: ("重办", "报结未获确认，须继续办理"),
    Status.RETURNED: ("重新交办", "承办单位已退回，没有人在办"),
    Status.REPORTED: ("确认", "承办单位等待确认"),
}


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return what the actor's unit is to do, to decide on and to take over, in order of the due day."""
    if not (actor.may(Can.SEE) and (actor.may(Can.DO) or actor.may(Can.CONFIRM))):
        return []
    asked = mine(actor) | to_decide(actor) | to_take_over(actor)
    rows = list(items(actor).filter(asked).order_by("due_on", "pk")[: MOST_TODOS + 1])
    out = [_todo(item, actor) for item in rows[:MOST_TODOS]]
    if len(rows) > MOST_TODOS:
        out.append(_more(timezone.localdate(at)))
    return out


def _todo(item: Item, actor: Actor) -> Todo:
    taking = item.transfer_to_id is not None and item.transfer_to_id in reach(actor, Can.DO)
    verb, consequence = ("答复", "原承办单位等待答复") if taking else VERBS[Status(item.status)]
    deciding = item.status in GIVING
    why = "本单位交办" if deciding else "商请本单位接收" if taking else "本单位承办"
    if item.person_id is not None and item.person_id == actor.id and not deciding:
        why = "您是责任人"
    return Todo(
        verb=verb,
        title=item.title,
        url=reverse("assignments:detail", args=[item.pk]),
        asked_by=str(item.department if deciding or taking else item.giver),
        due_on=item.due_on,
        arrived_at=item.moved_at,
        why=why,
        kind="交办",
        consequence=consequence,
    )


def _more(day: date) -> Todo:
    return Todo(
        verb="查看", title="更多交办事项", url=reverse("assignments:list"), asked_by="交办督办", due_on=day,
        arrived_at=None, why="本单位承办或交办", kind="交办", consequence="按期限从近到远办理",
    )  # fmt: skip
