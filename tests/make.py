"""Builders: what tests are made of, through actions wherever one exists."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.test import Client

from xinfu.core.access import ROLE_LABELS, Reach, Role
from xinfu.core.actor import Actor, system
from xinfu.people.models import Account, Department, DepartmentKind, Person, RoleGrant, Window
from xinfu.people.session import actor_of_person

_serial = itertools.count(1)
SYSTEM = system("tests")
SINCE = date(2020, 1, 1)


@dataclass(frozen=True)
class Office:
    """A small county: the office with two sections, two sending units with three windows, two townships."""

    root: Department
    general: Department
    appraisal: Department
    data_bureau: Department
    unit_a: Department
    unit_b: Department
    window_a1: Window
    window_a2: Window
    window_b1: Window
    town_a: Department
    town_b: Department
    village: Department


def department(code: str, name: str, kind: str, parent: Department | None = None) -> Department:
    row = Department.objects.create(code=code, name=name, short_name=name, kind=kind, parent=parent, path="/")
    row.path = f"{parent.path if parent else '/'}{row.pk}/"
    row.save(update_fields=["path"])
    return row


def window(code: str, name: str, unit: Department) -> Window:
    return Window.objects.create(code=code, name=name, department=unit, hall="县政务服务中心")


def office() -> Office:
    kind = DepartmentKind
    root = department("11330624MB0001", "县政务服务办公室", kind.OFFICE)
    unit_a = department("11330624MB0011", "县市场监管局", kind.SENDING_UNIT, root)
    unit_b = department("11330624MB0012", "县人力社保局", kind.SENDING_UNIT, root)
    town_a = department("330624001000", "南明街道", kind.TOWNSHIP, root)
    return Office(
        root=root,
        general=department("XC-ZH", "综合科", kind.SECTION, root),
        appraisal=department("XC-KP", "考评科", kind.SECTION, root),
        data_bureau=department("11330624MB0002", "县大数据管理中心", kind.DATA_BUREAU, root),
        unit_a=unit_a,
        unit_b=unit_b,
        window_a1=window("A01", "市场监管窗口一", unit_a),
        window_a2=window("A02", "市场监管窗口二", unit_a),
        window_b1=window("B01", "社保窗口", unit_b),
        town_a=town_a,
        town_b=department("330624002000", "羽林街道", kind.TOWNSHIP, root),
        village=department("330624001201", "桃源村", kind.VILLAGE, town_a),
    )


def person(role: Role, unit: Department, name: str = "") -> Person:
    """Make a person who has the role for the unit, with an account that is ready to use."""
    n = next(_serial)
    who = Person.objects.create(staff_no=f"P{n:05}", name=name or f"测试员{n}", department=unit)
    RoleGrant.objects.create(person=who, role=role, department=unit, since=SINCE)
    Account.objects.create(username=f"user{n}", person=who, must_change_password=False, password="!")
    return who


def actor(role: Role, unit: Department, name: str = "") -> Actor:
    return actor_of_person(person(role, unit, name), date.today())


class RoleClient(Client):
    """A browser without scripts, logged in; `actor` is the same person for direct calls."""

    actor: Actor


def client_of(county: Office, role: Role, unit: Department | None = None) -> RoleClient:
    if unit is None:
        unit = county.root if ROLE_LABELS[role][1] == Reach.ALL else county.unit_a
    who = person(role, unit)
    client = RoleClient()
    client.force_login(Account.objects.get(person=who))
    client.actor = actor_of_person(who, date.today())
    return client


def run_tasks() -> int:
    """Run every waiting background task in this process, in order, and return how many."""
    from django_tasks.base import TaskResultStatus
    from django_tasks_db.models import DBTaskResult

    done = 0
    while True:
        waiting = DBTaskResult.objects.filter(status=TaskResultStatus.READY).order_by("enqueued_at").first()
        if waiting is None:
            return done
        DBTaskResult.objects.filter(pk=waiting.pk).update(status=TaskResultStatus.RUNNING)
        call: Any = waiting.task.func
        call(*waiting.args_kwargs["args"], **waiting.args_kwargs["kwargs"])
        DBTaskResult.objects.filter(pk=waiting.pk).update(status=TaskResultStatus.SUCCESSFUL)
        done += 1
