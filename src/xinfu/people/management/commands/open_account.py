"""`manage open_account`: the first administrators, and anybody's account, from the server's own console."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from xinfu.core.access import ROLE_LABELS
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries
from xinfu.people.actions.roles import NOT_FOR_PEOPLE
from xinfu.people.models import Person


class Command(BaseCommand):
    help = "为人员开立账号并授予角色；临时密码只显示一次，首次登录须修改"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--staff-no", required=True, help="工号；没有此人时新建")
        parser.add_argument("--name", default="", help="姓名，新建时必填")
        parser.add_argument("--department", default="", help="机构编码、名称或简称，新建时必填")
        parser.add_argument("--role", choices=sorted(set(ROLE_LABELS) - NOT_FOR_PEOPLE))

    def handle(self, *args: Any, **options: Any) -> None:
        by, at = system("open_account"), timezone.now()
        try:
            with transaction.atomic():
                person = self._person(options, by)
                account, password = actions.open_account(
                    username=options["username"], person=person, by=by, at=at
                )
                if options["role"]:
                    actions.give_role(
                        person=person,
                        role=options["role"],
                        department=person.department,
                        since=timezone.localdate(at),
                        by=by,
                        at=at,
                    )
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        self.stdout.write(f"账号：{account.username}\n临时密码（只显示这一次）：{password}")

    def _person(self, options: dict[str, Any], by: Actor) -> Person:
        found = queries.people(by).filter(staff_no=options["staff_no"].upper()).first()
        if found is not None:
            return found
        unit = queries.find_department(options["department"])
        if unit is None or not options["name"]:
            raise Refused("unknown", "没有这个工号的人员；新建须写明 --name 和在用的 --department。")
        return actions.add_person(
            staff_no=options["staff_no"], name=options["name"], department=unit, by=by, at=timezone.now()
        )
