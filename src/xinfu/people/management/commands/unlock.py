"""`manage unlock USERNAME`: open an account that failures have locked."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries, rules


class Command(BaseCommand):
    help = "解锁因连续输错密码而锁定的账号"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        by = system("unlock")
        account = queries.accounts(by).filter(username=rules.clean_username(options["username"])).first()
        if account is None:
            raise CommandError("没有这个账号，请核对。")
        try:
            actions.unlock_account(account=account, by=by, at=timezone.now())
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        self.stdout.write(f"账号 {account.username} 已解锁。")
