"""People: taken on, moved, leaving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from xinfu.core import journal, privacy
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import rules
from xinfu.people.access import Can
from xinfu.people.actions.departments import filled, locked_department, phone_or_refuse
from xinfu.people.actions.roles import keep_administrators, take_back
from xinfu.people.actions.sessions import end_all
from xinfu.people.models import Account, Department, Deputy, Person, Window

Check = Callable[[Person, datetime], str | None]
_LEAVING: dict[str, Check] = {}


def before_leaving(name: str, check: Check) -> None:
    """Have `check(person, at)` asked before somebody leaves: None, or the sentence why not yet.

    The place where an app says which open 待办 must be handed over first.
    """
    _LEAVING[name] = check


def locked_person(pk: int) -> Person:
    found = Person.objects.select_for_update(of=("self",)).select_related("department").filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def serving(pk: int) -> Person:
    """Return the locked person, or refuse where they have left."""
    person = locked_person(pk)
    if person.left_on is not None:
        raise Refused("person_left", f"{person.name}已于{person.left_on}离岗。")
    return person


def _place(department: Department, window: Window | None) -> Department:
    unit = locked_department(department.pk)
    if unit.closed_on is not None:
        raise Refused("department_closed", f"“{unit.name}”已撤销，请选择在用的机构。", field="department")
    if window is not None and window.closed_on is not None:
        raise Refused("window_closed", f"窗口“{window.name}”已撤销，请选择在用的窗口。", field="window")
    if window is not None and window.department_id != unit.pk:
        raise Refused("other_window", f"窗口“{window.name}”不由“{unit.name}”派驻。", field="window")
    return unit


def contact(phone: str) -> dict[str, Any]:
    """Return the three columns that a phone is kept in: sealed, last digits, digest for exact search."""
    return {
        "contact_sealed": privacy.seal({"phone": phone}) if phone else b"",
        "phone_tail": phone[-4:],
        "phone_digest": privacy.digest(phone) if phone else b"",
    }


@transaction.atomic
def add_person(
    *,
    staff_no: str,
    name: str,
    department: Department,
    window: Window | None = None,
    post: str = "",
    phone: str = "",
    by: Actor,
    at: datetime,
) -> Person:
    """Take somebody on in a unit. Refuses a taken number, a closed unit, another unit's window."""
    by.require(Can.MANAGE)
    person = Person(
        staff_no=filled(rules.clean_code(staff_no), "工号", "staff_no", 20),
        name=filled(name, "姓名", "name", 60),
        department=_place(department, window),
        window=window,
        post=rules.clean_name(post)[:60],
        **contact(phone_or_refuse(phone)),
    )
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            "staff_no_taken", f"工号 {person.staff_no} 已有人使用，请核对。", field="staff_no"
        ) from error
    journal.record(
        "person.added",
        person,
        by=by,
        at=at,
        name=journal.hidden(person.name, person),
        department=person.department_id,
    )
    return person


@transaction.atomic
def change_person(
    *, person: Person, name: str, post: str, phone: str | None, by: Actor, at: datetime
) -> None:
    """Correct a person's name, post or phone (None leaves the phone as it is)."""
    by.require(Can.MANAGE)
    row = serving(person.pk)
    wanted: dict[str, Any] = {"name": filled(name, "姓名", "name", 60), "post": rules.clean_name(post)[:60]}
    if phone is not None:
        cleaned = phone_or_refuse(phone)
        known = privacy.unseal(row.contact_sealed).get("phone", "")
        wanted |= contact(cleaned) if cleaned != known else {}
    changed = [key for key, value in wanted.items() if getattr(row, key) != value]
    if not changed:
        return
    Person.objects.filter(pk=row.pk).update(**{key: wanted[key] for key in changed})
    words = {"name": "姓名", "post": "岗位", "contact_sealed": "电话"}
    journal.record(
        "person.changed", row, by=by, at=at, fields=[words[key] for key in changed if key in words]
    )


@transaction.atomic
def move_person(
    *,
    person: Person,
    department: Department,
    window: Window | None = None,
    post: str,
    by: Actor,
    at: datetime,
) -> None:
    """Move somebody to another unit or window; roles held for the old unit are taken back (least privilege)."""
    by.require(Can.MANAGE)
    row = serving(person.pk)
    unit = _place(department, window)
    old = row.department_id
    taken = 0
    if old != unit.pk:
        keep_administrators(row)
        taken = take_back(row, by, at)
    Person.objects.filter(pk=row.pk).update(department=unit, window=window, post=rules.clean_name(post)[:60])
    journal.record(
        "person.moved",
        row,
        by=by,
        at=at,
        before=old,
        after=unit.pk,
        window=window and window.pk,
        roles_ended=taken,
    )


@transaction.atomic
def leave(*, person: Person, by: Actor, at: datetime) -> None:
    """Record that somebody leaves: roles, deputies, account and sessions end with it.

    Refuses while an app says that work must be handed over first, for oneself, and for the last administrator.
    """
    by.require(Can.MANAGE)
    if by.kind == Kind.PERSON and by.id == person.pk:
        raise Refused("own_leaving", "不能为本人办理离岗，请由另一名系统管理员办理。")
    row = serving(person.pk)
    reasons = [reason for check in _LEAVING.values() if (reason := check(row, at))]
    if reasons:
        raise Refused("work_open", "".join(reasons))
    keep_administrators(row)
    taken = take_back(row, by, at)
    Deputy.objects.filter(Q(person=row) | Q(deputy=row), ended_at=None).update(ended_at=at)
    account = Account.objects.select_for_update(of=("self",)).filter(person=row).first()
    if account is not None:
        Account.objects.filter(pk=account.pk).update(is_active=False)
        end_all(account)
    Person.objects.filter(pk=row.pk).update(left_on=timezone.localdate(at), window=None)
    journal.record("person.left", row, by=by, at=at, roles_ended=taken, account_closed=account is not None)


@transaction.atomic
def show_phone(*, person: Person, reason: str, by: Actor, at: datetime) -> str:
    """Return somebody's full phone number and journal who looked and why."""
    by.require(Can.SEE_CONTACT)
    if not by.scope(Can.SEE_CONTACT).covers(person.department_id):
        raise NotFound()
    why = filled(reason, "查看理由", "reason", 100)
    phone = privacy.unseal(person.contact_sealed).get("phone", "")
    if not phone:
        raise Refused("no_phone", f"{person.name}没有登记电话。")
    journal.record("person.phone_shown", person, by=by, at=at, reason=why)
    return phone
