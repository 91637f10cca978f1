"""`manage reset_password USERNAME`: a new temporary password, for administrators too; also lifts a lock."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries, rules


class Command(BaseCommand):
    help = "重置账号密码并解锁；临时密码只显示一次，首次登录须修改"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        by = system("reset_password")
        account = queries.accounts(by).filter(username=rules.clean_username(options["username"])).first()
        if account is None:
            raise CommandError("没有这个账号，请核对。")
        try:
            password = actions.reset_password(account=account, by=by, at=timezone.now())
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        self.stdout.write(f"账号：{account.username}\n临时密码（只显示这一次）：{password}")
