"""Departments as a tree, and the windows that they man."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import rules
from xinfu.people.access import Can
from xinfu.people.models import Department, DepartmentKind, Window

Row = Department | Window


def lock_tree() -> list[int]:
    """Lock every department, so that the tree cannot change under a check that reads all of it."""
    rows = Department.objects.select_for_update(of=("self",)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def locked_department(pk: int) -> Department:
    found = Department.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def filled(value: str, label: str, field: str, limit: int) -> str:
    """Return the cleaned value, or refuse an empty or too long one."""
    text = rules.clean_name(value)
    if not text:
        raise Refused("empty", f"请填写{label}。", field=field)
    if len(text) > limit:
        raise Refused("too_long", f"{label}最多{limit}个字，现在是{len(text)}个。", field=field)
    return text


def phone_or_refuse(value: str) -> str:
    phone = rules.clean_phone(value)
    fault = rules.phone_fault(phone) if phone else None
    if fault:
        raise Refused("bad_phone", fault, field="phone")
    return phone


def _open_parent(parent: Department | None) -> Department | None:
    if parent is None:
        return None
    found = locked_department(parent.pk)
    if found.closed_on is not None:
        raise Refused("parent_closed", f"“{found.name}”已撤销，不能作为上级机构。", field="parent")
    if rules.depth(found.path) + 1 >= rules.MAX_DEPTH:
        raise Refused("too_deep", f"机构最多{rules.MAX_DEPTH}级，“{found.name}”下不能再设。", field="parent")
    return found


@transaction.atomic
def add_department(
    *,
    code: str,
    name: str,
    short_name: str,
    kind: str,
    parent: Department | None,
    division_code: str = "",
    phone: str = "",
    order: int = 1000,
    by: Actor,
    at: datetime,
) -> Department:
    """Add a unit below its parent (None: a root). Refuses a taken code, a closed or too deep parent."""
    by.require(Can.MANAGE)
    above = _open_parent(parent)
    if kind not in DepartmentKind.values:
        raise Refused("bad_kind", "请从列表中选择机构类别。", field="kind")
    unit = Department(
        code=filled(rules.clean_code(code), "机构编码", "code", 40),
        name=filled(name, "机构名称", "name", 100),
        short_name=filled(short_name or name, "简称", "short_name", 40),
        kind=kind,
        parent=above,
        division_code=rules.clean_code(division_code),
        phone=phone_or_refuse(phone),
        order=order,
        path="/",
    )
    _insert(unit, f"机构编码 {unit.code} 已被使用，请核对是否重复登记。")
    unit.path = rules.child_path(above.path if above else "/", unit.pk)
    Department.objects.filter(pk=unit.pk).update(path=unit.path)
    journal.record(
        "department.added", unit, by=by, at=at, code=unit.code, name=unit.name, kind=kind, path=unit.path
    )
    return unit


def _insert(row: Row, sentence: str) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise Refused("code_taken", sentence, field="code") from error


def _apply(event: str, row: Row, wanted: dict[str, Any], by: Actor, at: datetime) -> None:
    """Write what differs and journal it before → after; nothing differs: nothing is written."""
    before = {key: getattr(row, key) for key, value in wanted.items() if getattr(row, key) != value}
    if not before:
        return
    after = {key: wanted[key] for key in before}
    for key, value in after.items():
        setattr(row, key, value)
    row.save(update_fields=list(after))
    journal.record(event, row, by=by, at=at, before=_plain(before), after=_plain(after))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


@transaction.atomic
def rename_department(*, department: Department, name: str, short_name: str, by: Actor, at: datetime) -> None:
    """Give a unit another name; its code and records stay."""
    by.require(Can.MANAGE)
    unit = locked_department(department.pk)
    wanted = {
        "name": filled(name, "机构名称", "name", 100),
        "short_name": filled(short_name or name, "简称", "short_name", 40),
    }
    _apply("department.renamed", unit, wanted, by, at)


@transaction.atomic
def change_department(
    *, department: Department, phone: str, division_code: str, order: int, by: Actor, at: datetime
) -> None:
    """Change how a unit is reached and where it stands in lists."""
    by.require(Can.MANAGE)
    unit = locked_department(department.pk)
    wanted = {
        "phone": phone_or_refuse(phone),
        "division_code": rules.clean_code(division_code),
        "order": order,
    }
    _apply("department.changed", unit, wanted, by, at)


@transaction.atomic
def move_department(*, department: Department, parent: Department | None, by: Actor, at: datetime) -> None:
    """Hang a unit with all below it under another parent, and re-path them at once."""
    by.require(Can.MANAGE)
    lock_tree()
    unit = locked_department(department.pk)
    above = _open_parent(parent)
    if unit.parent_id == (above.pk if above else None):
        raise Refused("no_change", f"“{unit.name}”已在该上级机构之下。", field="parent")
    if above is not None and rules.is_below(above.path, unit.path):
        raise Refused("own_subtree", f"“{above.name}”属于“{unit.name}”，不能作为它的上级。", field="parent")
    old, new = unit.path, rules.child_path(above.path if above else "/", unit.pk)
    below = Department.objects.filter(path__startswith=old)
    deepest = max(rules.depth(path) for path in below.values_list("path", flat=True))
    if deepest + rules.depth(new) - rules.depth(old) >= rules.MAX_DEPTH:
        raise Refused("too_deep", f"移动后超过{rules.MAX_DEPTH}级，请先调整下级机构。", field="parent")
    moved = below.update(path=Concat(Value(new), Substr("path", len(old) + 1)))
    Department.objects.filter(pk=unit.pk).update(parent=above)
    journal.record("department.moved", unit, by=by, at=at, before=old, after=new, units=moved)


@transaction.atomic
def close_department(*, department: Department, by: Actor, at: datetime) -> None:
    """Close a unit; refused while units, windows or people hang on it."""
    by.require(Can.MANAGE)
    unit = locked_department(department.pk)
    if unit.closed_on is not None:
        raise Refused("already_closed", f"“{unit.name}”已于{unit.closed_on}撤销。")
    fault = rules.closing_fault(
        children=unit.children.filter(closed_on=None).count(),
        windows=unit.windows.filter(closed_on=None).count(),
        people=unit.people.filter(left_on=None).count(),
    )
    if fault:
        raise Refused("still_used", fault)
    _apply("department.closed", unit, {"closed_on": timezone.localdate(at)}, by, at)


@transaction.atomic
def reopen_department(*, department: Department, by: Actor, at: datetime) -> None:
    """Open a closed unit again, below a parent that is open."""
    by.require(Can.MANAGE)
    unit = locked_department(department.pk)
    if unit.closed_on is None:
        raise Refused("not_closed", f"“{unit.name}”没有撤销。")
    _open_parent(unit.parent)
    _apply("department.reopened", unit, {"closed_on": None}, by, at)


def _open_unit(department: Department) -> Department:
    unit = locked_department(department.pk)
    if unit.closed_on is not None:
        raise Refused("department_closed", f"“{unit.name}”已撤销，请选择在用的机构。", field="department")
    return unit


@transaction.atomic
def add_window(
    *,
    code: str,
    name: str,
    department: Department,
    hall: str = "",
    phone: str = "",
    order: int = 1000,
    by: Actor,
    at: datetime,
) -> Window:
    """Add a window manned by a unit. Refuses a taken code or a closed unit."""
    by.require(Can.MANAGE)
    window = Window(
        code=filled(rules.clean_code(code), "窗口编号", "code", 20),
        name=filled(name, "窗口名称", "name", 80),
        department=_open_unit(department),
        hall=rules.clean_name(hall)[:80],
        phone=phone_or_refuse(phone),
        order=order,
    )
    _insert(window, f"窗口编号 {window.code} 已被使用，请核对是否重复登记。")
    journal.record(
        "window.added", window, by=by, at=at, code=window.code, name=window.name, department=department.pk
    )
    return window


@transaction.atomic
def change_window(
    *,
    window: Window,
    name: str,
    department: Department,
    hall: str,
    phone: str,
    order: int,
    by: Actor,
    at: datetime,
) -> None:
    """Change a window, the unit that mans it included."""
    by.require(Can.MANAGE)
    row = _locked_window(window)
    wanted = {
        "name": filled(name, "窗口名称", "name", 80),
        "department_id": _open_unit(department).pk,
        "hall": rules.clean_name(hall)[:80],
        "phone": phone_or_refuse(phone),
        "order": order,
    }
    _apply("window.changed", row, wanted, by, at)


@transaction.atomic
def close_window(*, window: Window, by: Actor, at: datetime) -> None:
    """Close a window; refused while people are assigned to it."""
    by.require(Can.MANAGE)
    row = _locked_window(window)
    if row.closed_on is not None:
        raise Refused("already_closed", f"窗口“{row.name}”已于{row.closed_on}撤销。")
    people = row.people.filter(left_on=None).count()
    if people:
        raise Refused("still_used", f"窗口“{row.name}”还有{people}名在岗人员，请先转出。")
    _apply("window.closed", row, {"closed_on": timezone.localdate(at)}, by, at)


def _locked_window(window: Window) -> Window:
    found = Window.objects.select_for_update(of=("self",)).filter(pk=window.pk).first()
    if found is None:
        raise NotFound()
    return found
