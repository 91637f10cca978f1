"""`manage reset_factors USERNAME --reason TEXT`: take an account's second factors away, also one of the three's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.people import actions, queries, rules


class Command(BaseCommand):
    help = "重置账号的第二步验证（动态口令、通行密钥、恢复码全部作废）"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="理由，记入日志并告知本人")

    def handle(self, *args: Any, **options: Any) -> None:
        by = system("reset_factors")
        account = queries.accounts(by).filter(username=rules.clean_username(options["username"])).first()
        if account is None:
            raise CommandError("没有这个账号，请核对。")
        try:
            actions.reset_factors(account=account, reason=options["reason"], by=by, at=timezone.now())
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        self.stdout.write(f"账号 {account.username} 的第二步验证已重置，请本人重新启用。")
