"""Roles given and taken back, deputies (AB岗)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.access import ROLE_LABELS, Role
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people import limits, rules
from xinfu.people.access import SEPARATE, Can
from xinfu.people.models import Department, Deputy, Person, RoleGrant

NOT_FOR_PEOPLE = frozenset({Role.OUTSIDE, Role.SYSTEM_TOKEN})
NEVER_EMPTY = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN})


def _is_self(by: Actor, person_id: int) -> bool:
    return by.kind == Kind.PERSON and by.id == person_id


def _locked(person: Person) -> Person:
    found = Person.objects.select_for_update(of=("self",)).filter(pk=person.pk).first()
    if found is None:
        raise NotFound()
    if found.left_on is not None:
        raise Refused("person_left", f"{found.name}已于{found.left_on}离岗。")
    return found


def role_or_refuse(value: str) -> Role:
    """Return the role that people may hold, by code; refuses the roles of organisations and systems."""
    if value not in set(Role) or Role(value) in NOT_FOR_PEOPLE:
        raise Refused("bad_role", "请从列表中选择角色。", field="role")
    return Role(value)


@transaction.atomic
def give_role(
    *,
    person: Person,
    role: str,
    department: Department,
    since: date,
    until: date | None = None,
    by: Actor,
    at: datetime,
) -> RoleGrant:
    """Give a person a role for a unit between two days (both included; None: until taken back).

    Refuses: oneself, a person who left, a closed unit, the same role twice, two of the three administrators.
    """
    by.require(Can.GIVE_ROLES)
    if _is_self(by, person.pk):
        raise Refused("own_role", "不能给本人授予角色，请由另一名安全管理员办理。")
    wanted = role_or_refuse(role)
    fault = rules.days_fault(since, until)
    if fault:
        raise Refused("bad_days", fault, field="until")
    who = _locked(person)
    unit = Department.objects.select_for_update(of=("self",)).get(pk=department.pk)
    if unit.closed_on is not None:
        raise Refused("department_closed", f"“{unit.name}”已撤销，请选择在用的机构。", field="department")
    _refuse_doubles(who, wanted, unit, since, until)
    given = RoleGrant.objects.create(
        person=who, role=wanted, department=unit, since=since, until=until, given_at=at, given_by=by.name
    )
    journal.record(
        "role.given",
        who,
        by=by,
        at=at,
        role=wanted,
        department=unit.pk,
        since=since.isoformat(),
        until=until and until.isoformat(),
    )
    return given


def _refuse_doubles(who: Person, role: Role, unit: Department, since: date, until: date | None) -> None:
    held = who.grants.overlapping(since, until).order_by("since")
    same = held.filter(role=role, department=unit).first()
    label = ROLE_LABELS[role][0]
    if same is not None:
        days = f"{same.since}起" if same.until is None else f"{same.since}至{same.until}"
        raise Refused("role_twice", f"{who.name}在“{unit.name}”已有角色“{label}”（{days}）。", field="role")
    if role in SEPARATE:
        other = held.filter(role__in=SEPARATE - {role}).first()
        if other is not None:
            raise Refused(
                "roles_separate",
                f"三员分立：{who.name}已是“{other.get_role_display()}”，不能同时是“{label}”。",
                field="role",
            )


@transaction.atomic
def end_role(*, grant: RoleGrant, by: Actor, at: datetime) -> None:
    """Take a role back at once. Refuses one's own, one already taken back, and the last administrator's."""
    by.require(Can.GIVE_ROLES)
    if _is_self(by, grant.person_id):
        raise Refused("own_role", "不能收回本人的角色，请由另一名安全管理员办理。")
    who = Person.objects.select_for_update(of=("self",)).get(pk=grant.person_id)
    row = RoleGrant.objects.get(pk=grant.pk)
    if row.ended_at is not None:
        raise Refused("role_ended", f"该角色已由{row.ended_by}收回。")
    keep_administrators(who, {row.as_role})
    RoleGrant.objects.filter(pk=row.pk).update(ended_at=at, ended_by=by.name)
    journal.record("role.ended", who, by=by, at=at, role=row.role, department=row.department_id)


def take_back(person: Person, by: Actor, at: datetime) -> int:
    """Take back every role of a person who moves or leaves; the caller journals the number."""
    held = RoleGrant.objects.filter(person=person, ended_at=None)
    return held.exclude(until__lt=timezone.localdate(at)).update(ended_at=at, ended_by=by.name)


def keep_administrators(person: Person, roles: Collection[Role] = tuple(Role)) -> None:
    """Refuse to take an administrator's role (among `roles`) from the only person who holds it without end."""
    for role in sorted(NEVER_EMPTY.intersection(roles)):
        lasting = RoleGrant.objects.select_for_update(of=("self",)).filter(
            role=role, until=None, ended_at=None, person__left_on=None
        )
        holders = {grant.person_id for grant in lasting.order_by("pk")}
        if holders == {person.pk}:
            label = ROLE_LABELS[role][0]
            raise Refused("last_administrator", f"{person.name}是唯一的{label}，请先授予另一人再办理。")


@transaction.atomic
def set_deputy(
    *, person: Person, deputy: Person, since: date, until: date, by: Actor, at: datetime
) -> Deputy:
    """Let another stand in for a person between two days: by oneself, or by the security administrator.

    Refuses: days in the past or too many, two deputies at once, other departments (unless by the
    administrator), one who left, and passing on what one only stands in for.
    """
    by.require(Can.SET_DEPUTY)
    if by.behalf_of:
        raise Forbidden(f"正在代{by.behalf_of}办理，不能再转给他人代理。")
    if not _is_self(by, person.pk) and not by.may(Can.GIVE_ROLES):
        raise Forbidden("只能设定本人的代理人，他人的由安全管理员设定。")
    if person.pk == deputy.pk:
        raise Refused("deputy_self", "代理人不能是本人。", field="deputy")
    _check_days(since, until, timezone.localdate(at))
    first, second = (_locked(p) for p in sorted((person, deputy), key=lambda p: p.pk))
    who, other = (first, second) if first.pk == person.pk else (second, first)
    if who.department_id != other.department_id and not by.may(Can.GIVE_ROLES):
        raise Refused("deputy_elsewhere", f"{other.name}不在同一机构，请由安全管理员设定。", field="deputy")
    clash = Deputy.objects.filter(person=who, ended_at=None, since__lte=until, until__gte=since)
    found = clash.select_related("deputy").order_by("since").first()
    if found is not None:
        raise Refused(
            "deputy_twice",
            f"{found.since}至{found.until}已由{found.deputy.name}代理，请先结束。",
            field="since",
        )
    row = Deputy.objects.create(person=who, deputy=other, since=since, until=until)
    journal.record(
        "deputy.set", who, by=by, at=at, deputy=other.pk, since=since.isoformat(), until=until.isoformat()
    )
    return row


def _check_days(since: date, until: date, today: date) -> None:
    fault = rules.days_fault(since, until)
    if fault:
        raise Refused("bad_days", fault, field="until")
    if since < today:
        raise Refused("deputy_past", f"代理不能从过去的日期开始，最早为{today}。", field="since")
    most = limits.number("deputy_days", today)
    if until - since >= timedelta(days=most):
        raise Refused("deputy_long", f"一次代理最长{most}天（本地规定），请缩短。", field="until")


@transaction.atomic
def end_deputy(*, deputy: Deputy, by: Actor, at: datetime) -> None:
    """End a stand-in early: by either of the two, or by the security administrator."""
    by.require(Can.SET_DEPUTY)
    row = Deputy.objects.select_for_update(of=("self",)).filter(pk=deputy.pk).first()
    concerned = row is not None and (_is_self(by, row.person_id) or _is_self(by, row.deputy_id))
    if row is None or not (concerned or by.may(Can.GIVE_ROLES)):
        raise NotFound()
    if row.ended_at is not None or row.until < timezone.localdate(at):
        raise Refused("deputy_over", "该代理已经结束。")
    Deputy.objects.filter(pk=row.pk).update(ended_at=at)
    journal.record("deputy.ended", f"people.Person:{row.person_id}", by=by, at=at, deputy=row.deputy_id)


@transaction.atomic
def stand_in(*, deputy: Deputy | None, by: Actor, at: datetime) -> None:
    """Journal that a person begins to act 代某某 (None: acts as oneself again); the session keeps which."""
    if by.kind != Kind.PERSON or by.id is None:
        raise Forbidden()
    subject = f"people.Person:{by.id}"
    if deputy is None:
        journal.record("deputy.rested", subject, by=by, at=at)
        return
    today = timezone.localdate(at)
    in_force = Q(since__lte=today, until__gte=today, ended_at=None, person__left_on=None)
    if not Deputy.objects.filter(in_force, pk=deputy.pk, deputy=by.id).exists():
        raise Refused("not_deputy", "当前没有这项代理，或代理期已过。")
    journal.record(
        "deputy.acted", subject, by=by, at=at, person=deputy.person_id, until=deputy.until.isoformat()
    )
