"""Whole lists of departments, windows, people, roles and organisations, set by set.

Rows are mappings of text (`_row`: the number in the file, where there is one). Good rows are written, bad ones come back with their reason; the same rows again
change nothing. One transaction and one journal line a list.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.access import ROLE_LABELS, Role
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import Refused
from xinfu.people import rules
from xinfu.people.access import SEPARATE, Can
from xinfu.people.actions.departments import filled, lock_tree, phone_or_refuse
from xinfu.people.actions.persons import contact
from xinfu.people.actions.roles import role_or_refuse
from xinfu.people.models import (
    Department,
    DepartmentKind,
    Organisation,
    OrganisationKind,
    Person,
    RoleGrant,
    Window,
)

Row = Mapping[str, str]
Wanted = dict[str, dict[str, Any]]
Reader = Callable[[Row], tuple[str, dict[str, Any]]]
MOST_ROWS = 5000
FIRST_ROW = 2
"""The number that a spreadsheet shows at the first row below the heads."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row that was not written: its number in the file, the column, the value and the reason."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Loaded:
    """What became of a list."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        return len(self.faults)

    def count(self, wanted: Wanted, changed: Changed) -> None:
        self.created, self.updated = len(changed.created), len(changed.updated)
        self.unchanged = len(wanted) - self.created - self.updated


@dataclass(frozen=True, slots=True)
class Changed:
    """The keys of the rows that are new, and of those that became different."""

    created: set[str]
    updated: set[str]


def _read(rows: Iterable[Row], reader: Reader, key: str) -> tuple[Wanted, dict[str, int], Loaded, str]:
    """Return key → values of the good rows, key → row number, the counts so far, and a digest of all rows."""
    listed = list(rows)
    if len(listed) > MOST_ROWS:
        raise Refused("too_many", f"一次最多导入{MOST_ROWS}行，现在是{len(listed)}行，请分批导入。")
    loaded, wanted, numbers = Loaded(read=len(listed)), Wanted(), dict[str, int]()
    for place, row in enumerate(listed, FIRST_ROW):
        number = int(row.get("_row") or place)
        try:
            code, values = reader(row)
        except Refused as refused:
            column = refused.field or key
            loaded.faults.append(Fault(number, column, row.get(column) or "", refused.reason))
            continue
        if code in wanted:
            reason = f"与第{numbers[code]}行重复，请删去一行。"
            loaded.faults.append(Fault(number, key, row.get(key) or "", reason))
            continue
        wanted[code], numbers[code] = values, number
    text = json.dumps([dict(row) for row in listed], ensure_ascii=False, sort_keys=True)
    return wanted, numbers, loaded, hashlib.sha256(text.encode()).hexdigest()


def _write(
    model: type[models.Model], key: str, wanted: Wanted, at_birth: Mapping[str, Any] | None = None
) -> Changed:
    """Create what is new (with the values `at_birth` besides) and update what differs, in large statements."""
    manager = model._default_manager
    known = {getattr(row, key): row for row in manager.filter(**{f"{key}__in": list(wanted)}).order_by("pk")}
    fresh = {
        code: model(**{key: code}, **values, **(at_birth or {}))
        for code, values in wanted.items()
        if code not in known
    }
    changed, names = dict[str, models.Model](), set[str]()
    for code, row in known.items():
        different = {name: v for name, v in wanted[code].items() if not _same(getattr(row, name), v)}
        for name, value in different.items():
            setattr(row, name, value)
        names.update(different)
        if different:
            changed[code] = row
    manager.bulk_create(fresh.values(), batch_size=500)
    if changed:
        manager.bulk_update(changed.values(), sorted(names), batch_size=500)
    return Changed(set(fresh), set(changed))


def _same(old: Any, new: Any) -> bool:
    return bool(bytes(old) == new if isinstance(old, memoryview) else old == new)


def _journal(what: str, loaded: Loaded, digest: str, by: Actor, at: datetime) -> None:
    journal.record(
        f"{what}.loaded",
        f"people.{what}",
        by=by,
        at=at,
        read=loaded.read,
        created=loaded.created,
        updated=loaded.updated,
        rejected=loaded.rejected,
        rows_sha256=digest,
    )


def _run(call: Callable[[], Loaded]) -> Loaded:
    try:
        with transaction.atomic():
            return call()
    except IntegrityError as error:
        raise Refused("changed_meanwhile", "他人正在导入同样的名单，本次没有写入，请稍后再试。") from error


def _coded(choices: Iterable[tuple[str, Any]], value: str, label: str, column: str) -> str:
    """Return the code of a value given as code or as label."""
    text = rules.clean(value)
    found = next((code for code, words in choices if text in (code, rules.clean(str(words)))), None)
    if found is None:
        raise Refused("unknown", f"{label}“{text}”不在代码表中。", field=column)
    return found


def _order(row: Row) -> int:
    text = rules.clean(row.get("order") or "1000")
    if not text.isdigit() or len(text) > 6:
        raise Refused("bad_order", "排序应为不超过6位的整数。", field="order")
    return int(text)


# --- departments ---------------------------------------------------------------------------------


def _department(row: Row) -> tuple[str, dict[str, Any]]:
    name = filled(row.get("name") or "", "机构名称", "name", 100)
    return filled(rules.clean_code(row.get("code") or ""), "机构编码", "code", 40), {
        "name": name,
        "short_name": filled(row.get("short_name") or name, "简称", "short_name", 40),
        "kind": _coded(DepartmentKind.choices, row.get("kind") or "", "机构类别", "kind"),
        "division_code": rules.clean_code(row.get("division_code") or "")[:12],
        "phone": phone_or_refuse(row.get("phone") or ""),
        "order": _order(row),
        "parent": rules.clean_code(row.get("parent") or ""),
    }


def load_departments(*, rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    """Load units; columns code, name, short_name, kind, parent (a code), division_code, phone, order.

    The parent may stand anywhere in the list or be known already; a unit under a bad one is bad too.
    """
    by.require(Can.MANAGE)
    return _run(lambda: _load_departments(rows, by, at))


def _load_departments(rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    wanted, numbers, loaded, digest = _read(rows, _department, "code")
    lock_tree()
    parents = {code: values.pop("parent") for code, values in wanted.items()}
    known = {code: parent or "" for code, parent in Department.objects.values_list("code", "parent__code")}
    closed = frozenset(Department.objects.exclude(closed_on=None).values_list("code", flat=True))
    for code, (column, reason) in rules.tree_faults(parents, known, closed).items():
        value = code if column == "code" else parents[code]
        loaded.faults.append(Fault(numbers[code], column, value, reason))
        del wanted[code], parents[code]
    changed = _write(Department, "code", wanted, {"path": "/"})
    moved = _hang(parents) & wanted.keys() - changed.created
    loaded.count(wanted, Changed(changed.created, changed.updated | moved))
    loaded.faults.sort(key=lambda fault: fault.row)
    _journal("Department", loaded, digest, by, at)
    return loaded


def _hang(parents: Mapping[str, str]) -> set[str]:
    """Hang units under their parents, re-path the whole tree, and return the codes that hang elsewhere now."""
    units = {unit.code: unit for unit in Department.objects.order_by("pk")}
    by_id = {unit.pk: unit for unit in units.values()}
    moved, changed = set[str](), list[Department]()
    for code, parent in parents.items():
        parent_id = units[parent].pk if parent else None
        if units[code].parent_id != parent_id:
            units[code].parent_id = parent_id
            moved.add(code)
    for unit in units.values():
        path, above = f"/{unit.pk}/", unit
        while above.parent_id is not None:
            above = by_id[above.parent_id]
            path = f"/{above.pk}{path}"
        if rules.depth(path) >= rules.MAX_DEPTH:
            raise Refused("too_deep", f"导入后“{unit.name}”超过{rules.MAX_DEPTH}级，请调整上级机构。")
        if unit.path != path or unit.code in moved:
            unit.path = path
            changed.append(unit)
    Department.objects.bulk_update(changed, ["parent_id", "path"], batch_size=500)
    return moved


# --- windows, people, organisations ---------------------------------------------------------------


def load_windows(*, rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    """Load windows; columns code, name, department (a code), hall, phone, order."""
    by.require(Can.MANAGE)
    units = _codes(Department)

    def read(row: Row) -> tuple[str, dict[str, Any]]:
        return filled(rules.clean_code(row.get("code") or ""), "窗口编号", "code", 20), {
            "name": filled(row.get("name") or "", "窗口名称", "name", 80),
            "department_id": _id(units, row, "department", "派驻单位"),
            "hall": rules.clean_name(row.get("hall") or "")[:80],
            "phone": phone_or_refuse(row.get("phone") or ""),
            "order": _order(row),
        }

    return _run(lambda: _load(Window, "code", rows, read, by, at))


def load_people(*, rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    """Load people; columns staff_no, name, department (a code), window (a code), post, phone."""
    by.require(Can.MANAGE)
    units, windows = _codes(Department), _codes(Window)
    manned = dict(Window.objects.values_list("pk", "department_id"))
    phones = {
        no: (bytes(digest), bytes(sealed))
        for no, digest, sealed in Person.objects.values_list("staff_no", "phone_digest", "contact_sealed")
    }

    def read(row: Row) -> tuple[str, dict[str, Any]]:
        staff_no = filled(rules.clean_code(row.get("staff_no") or ""), "工号", "staff_no", 20)
        unit = _id(units, row, "department", "所在机构")
        window = _id(windows, row, "window", "窗口") if (row.get("window") or "").strip() else None
        if window is not None and manned[window] != unit:
            raise Refused("other_window", "窗口不由该机构派驻。", field="window")
        kept = contact(phone_or_refuse(row.get("phone") or ""))
        if phones.get(staff_no, (b"", b""))[0] == kept["phone_digest"]:  # sealing anew would differ each time
            kept["contact_sealed"] = phones.get(staff_no, (b"", kept["contact_sealed"]))[1]
        return staff_no, {
            "name": filled(row.get("name") or "", "姓名", "name", 60),
            "department_id": unit,
            "window_id": window,
            "post": rules.clean_name(row.get("post") or "")[:60],
            **kept,
        }

    return _run(lambda: _load(Person, "staff_no", rows, read, by, at))


def load_organisations(*, rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    """Load outside organisations; columns uscc, name, kind."""
    by.require(Can.ORGANISATIONS)

    def read(row: Row) -> tuple[str, dict[str, Any]]:
        code = rules.clean_code(row.get("uscc") or "")
        fault = rules.uscc_fault(code)
        if fault:
            raise Refused("bad_uscc", fault, field="uscc")
        return code, {
            "name": filled(row.get("name") or "", "单位名称", "name", 200),
            "kind": _coded(OrganisationKind.choices, row.get("kind") or "", "单位类别", "kind"),
        }

    return _run(lambda: _load(Organisation, "uscc", rows, read, by, at))


def _codes(model: type[models.Model]) -> dict[str, int]:
    """Return code → id of what is in use."""
    return dict(model._default_manager.filter(closed_on=None).values_list("code", "pk"))


def _id(known: Mapping[str, int], row: Row, column: str, label: str) -> int:
    code = rules.clean_code(row.get(column) or "")
    if code not in known:
        raise Refused("unknown", f"{label}编码“{code}”不存在或已撤销。", field=column)
    return known[code]


def _load(
    model: type[models.Model], key: str, rows: Iterable[Row], reader: Reader, by: Actor, at: datetime
) -> Loaded:
    lock_tree()
    wanted, _, loaded, digest = _read(rows, reader, key)
    loaded.count(wanted, _write(model, key, wanted))
    _journal(model.__name__, loaded, digest, by, at)
    return loaded


# --- roles ---------------------------------------------------------------------------------------


def load_roles(*, rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    """Load roles; columns staff_no, role (code or label), department (a code; default the person's own), since.

    A role that is held already is unchanged. Refuses per row what `give_role` refuses.
    """
    by.require(Can.GIVE_ROLES)
    return _run(lambda: _load_roles(rows, by, at))


def _load_roles(rows: Iterable[Row], by: Actor, at: datetime) -> Loaded:
    lock_tree()
    people = {p.staff_no: p for p in Person.objects.serving().order_by("pk")}
    units = _codes(Department)
    today = timezone.localdate(at)
    held: dict[int, set[Role]] = {}
    for person_id, role in RoleGrant.objects.overlapping(today, None).values_list("person_id", "role"):
        held.setdefault(person_id, set()).add(Role(role))

    def read(row: Row) -> tuple[str, dict[str, Any]]:
        who = people.get(rules.clean_code(row.get("staff_no") or ""))
        if who is None:
            raise Refused("unknown", "工号不存在或已离岗。", field="staff_no")
        if by.kind == Kind.PERSON and by.id == who.pk:
            raise Refused("own_role", "不能给本人授予角色，请由另一名安全管理员办理。", field="staff_no")
        labels = [(role.value, label) for role, (label, _) in ROLE_LABELS.items()]
        role = role_or_refuse(_coded(labels, row.get("role") or "", "角色", "role"))
        unit = (
            _id(units, row, "department", "机构")
            if (row.get("department") or "").strip()
            else who.department_id
        )
        mine = held.setdefault(who.pk, set())
        if role in SEPARATE and mine & (SEPARATE - {role}):
            raise Refused("roles_separate", "三员分立：系统、安全、审计管理员不能由一人兼任。", field="role")
        mine.add(role)
        values = {"person_id": who.pk, "role": role, "department_id": unit, "since": _day(row, today)}
        return f"{who.pk} {role} {unit}", values

    wanted, _, loaded, digest = _read(rows, read, "staff_no")
    standing = {
        f"{person} {role} {unit}"
        for person, role, unit in RoleGrant.objects.overlapping(today, None).values_list(
            "person_id", "role", "department_id"
        )
    }
    fresh = {key: values for key, values in wanted.items() if key not in standing}
    RoleGrant.objects.bulk_create(
        [RoleGrant(**values, given_at=at, given_by=by.name) for values in fresh.values()], batch_size=500
    )
    loaded.count(wanted, Changed(set(fresh), set()))
    _journal("RoleGrant", loaded, digest, by, at)
    return loaded


def _day(row: Row, today: date) -> date:
    text = rules.clean(row.get("since") or "")
    try:
        return date.fromisoformat(text) if text else today
    except ValueError as error:
        raise Refused("bad_day", f"日期应写成 2026-11-24，现在是“{text}”。", field="since") from error
