"""How assigned items are given, moved, split, handed on, chased and lit; the actor and the moment come last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from xinfu.assignments import local_rules, rules
from xinfu.assignments.access import Can
from xinfu.assignments.flow import BEGUN, FINAL, FLOW, OPEN, STATUS_LABELS, UNDER_WAY, Status
from xinfu.assignments.guards import acts_for, is_given_by_me, is_mine
from xinfu.assignments.models import Item, ItemFile, ItemStep, LampEntry, Partner, Source
from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.evidence import LONGEST_NOTE, check_files, note_of
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Forbidden, Refused

if TYPE_CHECKING:
    from xinfu.people.models import Department, Person

NEEDS_NOTE = frozenset({"return", "report", "send_back", "give_again", "withdraw"})
PAST = {
    "accept": "accepted",
    "return": "returned",
    "begin": "begun",
    "report": "reported",
    "confirm": "confirmed",
    "send_back": "sent_back",
    "give_again": "given_again",
    "withdraw": "withdrawn",
}
"""Events of the moves: assigned_item.accepted, and so on."""
FRESH: dict[str, Any] = {"warned_on": None, "late_told_on": None, "reviewed_lamp": "", "override_lamp": ""}


# --- giving --------------------------------------------------------------------------------------


@transaction.atomic
def give(
    *,
    title: str,
    department: Department,
    due_on: date,
    source: str,
    text: str = "",
    source_name: str = "",
    person: Person | None = None,
    partners: Iterable[Department] = (),
    by: Actor,
    at: datetime,
) -> Item:
    """Give an item to a unit; the giver is the actor's own unit."""
    by.require(Can.GIVE)
    if by.unit_id is None:
        raise Forbidden("没有所在单位的账号不能交办。")
    if source not in Source.values:
        raise Refused("bad_source", "请选择来源。", field="source")
    said = {
        "text": text.strip(),
        "source": source,
        "source_name": source_name.strip(),
        "giver_id": by.unit_id,
    }
    return _give(title, department, due_on, person, tuple(partners), said, by, at)


def _give(
    title: str,
    department: Department,
    due_on: date,
    person: Person | None,
    partners: Sequence[Department],
    said: dict[str, Any],
    by: Actor,
    at: datetime,
) -> Item:
    """Check and write one item with its partners and first step; belongs inside an action."""
    _check_text(title, str(said.get("text", "")), str(said.get("source_name", "")))
    if due_on < timezone.localdate(at):
        raise Refused("due_past", "完成期限不能早于今天。", field="due_on")
    if department.closed_on is not None:
        raise Refused("unit_closed", f"{department}已撤销，请选其他单位。", field="department")
    _check_person(person, department)
    item = Item.objects.create(
        title=title.strip(), department=department, due_on=due_on, person=person, given_at=at, moved_at=at,
        given_by_name=by.name[:80], **said,
    )  # fmt: skip
    for unit in {unit.pk: unit for unit in partners if unit.pk != department.pk}.values():
        Partner.objects.create(item=item, department=unit)
    _step(item, "give", "交办", "", by, at)
    journal.record(
        "assigned_item.given", item, by=by, at=at, source=item.source, department=department.pk,
        due_on=due_on.isoformat(), parent=item.parent_id,
    )  # fmt: skip
    return item


def _check_text(title: str, text: str, source_name: str) -> None:
    if not title.strip():
        raise Refused("no_title", "请写明交办什么。", field="title")
    for value, most, field in (
        (title, 100, "title"),
        (text, 1000, "text"),
        (source_name, 100, "source_name"),
    ):
        if len(value.strip()) > most:
            raise Refused("too_long", f"最多{most}字，现有{len(value.strip())}字，请精简。", field=field)


def _check_person(person: Person | None, department: Department) -> None:
    if person is not None and (person.department_id != department.pk or person.left_on is not None):
        raise Refused("not_of_unit", f"{person}不是{department}的在岗人员，请另选责任人。", field="person")


# --- moves ---------------------------------------------------------------------------------------


@transaction.atomic
def move_item(
    *,
    item: Item,
    move: str,
    note: str = "",
    due_on: date | None = None,
    files: Sequence[StoredFile] = (),
    by: Actor,
    at: datetime,
) -> Item:
    """Take one step of the flow; `due_on` only where it is given again. Evidence comes as stored files."""
    item = locked(item)
    FLOW.check(move, item, by)
    text = note_of(note, is_needed=move in NEEDS_NOTE)
    if move in ("report", "withdraw") and Item.objects.filter(parent=item).open().exists():
        raise Refused("parts_open", f"还有分解的事项没有办结，不能“{FLOW[move].label}”。")
    FLOW.move(move, item, by, moved_at=at, **_changes(item, move, due_on, at))
    step = _step(item, move, FLOW[move].label, text, by, at)
    _attach(step, files, by=by)
    journal.record(
        f"assigned_item.{PAST[move]}", item, by=by, at=at, status=item.status, due_on=item.due_on.isoformat(),
        files=[file.sha256 for file in files],
    )  # fmt: skip
    return item


def _changes(item: Item, move: str, due_on: date | None, at: datetime) -> dict[str, Any]:
    today = timezone.localdate(at)
    if move == "report":
        return {"reported_on": today, "progress": 100}
    if move == "send_back":
        return {"reported_on": None, "progress": min(item.progress, 99)}
    if move == "give_again":
        due = due_on or item.due_on
        if due < today:
            raise Refused("due_past", "原期限已过，请另定不早于今天的完成期限。", field="due_on")
        return {"due_on": due, **FRESH}
    if FLOW[move].target in FINAL:
        return {"finished_at": at, "transfer_to_id": None}
    return {}


def locked(item: Item) -> Item:
    """Read the row anew and keep it from others until the transaction ends.

    No join: PostgreSQL checks a row that it waited for against the units joined before, and would find none.
    """
    return Item.objects.select_for_update().get(pk=item.pk)


def _step(item: Item, move: str, verb: str, note: str, by: Actor, at: datetime) -> ItemStep:
    return ItemStep.objects.create(
        item=item, move=move, verb=verb, note=note, at=at, by=by.key, by_name=by.name[:80],
        unit_name=by.unit_name[:80],
    )  # fmt: skip


def _attach(step: ItemStep, files: Sequence[StoredFile], *, by: Actor) -> None:
    check_files(files, by=by)
    for file in files:
        ItemFile.objects.create(step=step, digest=file.sha256, name=file.name[:200])


def _under_way(item: Item, by: Actor, verb: str) -> None:
    """Refuse what only the owner may do while it works on the item."""
    by.require(Can.DO)
    if why := is_mine(item, by):
        raise Refused("not_yours", why)
    if item.status not in {str(s) for s in UNDER_WAY}:
        raise Refused("wrong_state", f"当前状态是“{STATUS_LABELS[Status(item.status)]}”，不能“{verb}”。")


@transaction.atomic
def set_progress(*, item: Item, progress: int, note: str, by: Actor, at: datetime) -> Item:
    """Say how far it is, in percent; 100 comes with the report only."""
    item = locked(item)
    _under_way(item, by, "填报进度")
    if not 0 <= progress <= 99:
        raise Refused("bad_progress", "进度请填0到99；全部完成请报结。", field="progress")
    text = note_of(note, is_needed=True)
    item.progress = progress
    item.moved_at = at
    item.save(update_fields=["progress", "moved_at"])
    _step(item, "progress", f"填报进度{progress}%", text, by, at)
    journal.record("assigned_item.progressed", item, by=by, at=at, progress=progress)
    return item


# --- splitting and handing on --------------------------------------------------------------------


@transaction.atomic
def split(
    *, item: Item, title: str, department: Department, due_on: date, text: str = "", by: Actor, at: datetime
) -> Item:
    """Make one part of an item, given by the owner to a unit; the whole is reported when all parts are finished."""
    item = locked(item)
    _under_way(item, by, "分解")
    if item.parent_id is not None:
        raise Refused("split_twice", "分解出来的事项不能再分解。")
    if due_on > item.due_on:
        said = f"分解事项的期限不能晚于原期限{item.due_on:%Y-%m-%d}。"
        raise Refused("due_after_whole", said, field="due_on")
    values = {
        "text": text.strip(), "source": item.source, "source_name": item.source_name, "parent": item,
        "giver_id": item.department_id,
    }  # fmt: skip
    part = _give(title, department, due_on, None, (), values, by, at)
    _step(item, "split", "分解", f"{part.title}（{department}）"[:LONGEST_NOTE], by, at)
    return part


@transaction.atomic
def ask_transfer(*, item: Item, department: Department, note: str, by: Actor, at: datetime) -> Item:
    """Ask another unit to take the item over; it stays with its owner until that unit agrees."""
    item = locked(item)
    _under_way(item, by, "转办")
    text = note_of(note, is_needed=True)
    if item.transfer_to_id is not None:
        raise Refused("asked_already", f"已请{item.transfer_to}接收，答复前不能再转。")
    if department.pk == item.department_id or department.closed_on is not None:
        raise Refused("bad_unit", "请选另一个在用的单位。", field="department")
    item.transfer_to = department
    item.moved_at = at
    item.save(update_fields=["transfer_to", "moved_at"])
    _step(item, "ask_transfer", f"商请{department}接收"[:30], text, by, at)
    journal.record("assigned_item.transfer_asked", item, by=by, at=at, department=department.pk)
    return item


@transaction.atomic
def answer_transfer(*, item: Item, agree: bool, note: str = "", by: Actor, at: datetime) -> Item:
    """Take the item over, or decline with a reason; the due day stays."""
    item = locked(item)
    by.require(Can.DO)
    if item.transfer_to is None or item.transfer_to_id is None:
        raise Refused("not_asked", "没有等待答复的转办，请刷新后再看。")
    if not acts_for(by, item.transfer_to_id, Can.DO):
        raise Refused("not_yours", f"请由{item.transfer_to}答复是否接收。")
    text = note_of(note, is_needed=not agree)
    if agree:
        item.department = item.transfer_to
        item.person = None
        # Who was told is no longer the owner: the new one is told at the next watch.
        item.warned_on = item.late_told_on = None
    item.transfer_to = None
    item.moved_at = at
    item.save(update_fields=["department", "person", "transfer_to", "moved_at", "warned_on", "late_told_on"])
    _step(item, "answer_transfer", "同意接收" if agree else "不同意接收", text, by, at)
    journal.record("assigned_item.transfer_answered", item, by=by, at=at, agree=agree)
    return item


# --- chasing and lamps ---------------------------------------------------------------------------


@transaction.atomic
def remind(item: Item, *, by: Actor, at: datetime, note: str = "") -> Item:
    """Chase the owner of an open item, once a day at most."""
    item = locked(item)
    by.require(Can.CONFIRM)
    if why := is_given_by_me(item, by):
        raise Refused("not_yours", why)
    if item.status not in {str(s) for s in OPEN - {Status.REPORTED, Status.RETURNED}}:
        raise Refused("wrong_state", f"当前状态是“{STATUS_LABELS[Status(item.status)]}”，不用催办。")
    today = timezone.localdate(at)
    last = item.steps.filter(move="remind").order_by("-at", "-pk").first()
    if last is not None and timezone.localdate(last.at) == today:
        raise Refused("reminded_today", "今天已催办过，请明天再催。")
    _step(item, "remind", "催办", note_of(note, is_needed=False), by, at)
    journal.record("assigned_item.reminded", item, by=by, at=at)
    return item


@transaction.atomic
def override_lamp(*, item: Item, lamp: str, reason: str, by: Actor, at: datetime) -> Item:
    """Set another lamp than the rule's until the next monthly review, with a reason."""
    by.require(Can.OVERRIDE)
    item = locked(item)
    if item.status in {str(s) for s in FINAL}:
        raise Refused("finished", "已结束的事项不能改定亮灯。")
    if lamp not in set(rules.Lamp):
        raise Refused("bad_lamp", "请选择一种灯色。", field="lamp")
    text = note_of(reason, is_needed=True)
    item.override_lamp = lamp
    item.save(update_fields=["override_lamp"])
    LampEntry.objects.create(
        item=item, set_on=timezone.localdate(at), lamp=lamp, is_override=True, reason=text, at=at,
        by_name=by.name[:80],
    )  # fmt: skip
    journal.record("assigned_item.lamp_overridden", item, by=by, at=at, lamp=lamp)
    return item


def raw_lamp(item: Item, day: date, limits: rules.Limits) -> rules.Lamp:
    """Return the rule's lamp of an item; once reported the day of the report counts, once withdrawn no day does."""
    if item.status == Status.WITHDRAWN:
        return rules.Lamp.GREY
    return rules.raw_lamp(
        item.reported_on or day,
        is_started=item.status in {str(s) for s in BEGUN},
        is_done=item.status == Status.CONFIRMED,
        due_on=item.due_on,
        progress=item.progress,
        limits=limits,
    )


def watch(*, by: Actor, at: datetime) -> int:
    """Tell owners once that an item is nearly due, and once that it is overdue; return how many were told."""
    today = timezone.localdate(at)
    limits = local_rules.limits_on(today)
    told = 0
    waiting = (
        Item.objects.open().exclude(status__in=(Status.REPORTED, Status.RETURNED)).order_by("due_on", "pk")
    )
    for pk, due_on in list(waiting.values_list("pk", "due_on")):
        if due_on < today:
            told += _tell(pk, "late_told_on", "超期提醒", "assigned_item.late_told", by, at)
        elif (due_on - today).days <= limits.warn_days:
            told += _tell(pk, "warned_on", "临期提醒", "assigned_item.warned", by, at)
    return told


@transaction.atomic
def _tell(pk: int, mark: str, verb: str, event: str, by: Actor, at: datetime) -> int:
    """Mark and tell in one transaction: a worker killed between the two does neither."""
    open_ones = Item.objects.open().filter(pk=pk, **{mark: None})
    if not open_ones.update(**{mark: timezone.localdate(at)}):
        return 0
    item = Item.objects.get(pk=pk)
    _step(item, "warn", verb, f"完成期限{item.due_on:%Y-%m-%d}", by, at)
    journal.record(event, item, by=by, at=at, due_on=item.due_on.isoformat())
    return 1


@transaction.atomic
def review(*, by: Actor, at: datetime) -> int:
    """Keep the month's lamp of every open item; the head's own lamps end with it. Done once a day."""
    today = timezone.localdate(at)
    limits = local_rules.limits_on(today)
    done = LampEntry.objects.filter(set_on=today, is_override=False).values("item")
    items = list(Item.objects.select_for_update(of=("self",)).open().exclude(pk__in=done).order_by("pk"))
    for item in items:
        raw = raw_lamp(item, today, limits)
        shown = rules.monthly_lamp(raw, reviewed=item.reviewed_lamp)
        LampEntry.objects.create(item=item, set_on=today, lamp=shown, at=at, by_name=by.name[:80])
        item.reviewed_lamp = str(shown)
        item.override_lamp = ""
        item.save(update_fields=["reviewed_lamp", "override_lamp"])
    if items:
        subject = f"assignments.LampEntry:{today.isoformat()}"
        journal.record("assigned_items.reviewed", subject, by=by, at=at, items=len(items))
    return len(items)
