"""`manage link_provider USERNAME PROVIDER [--subject SUB]`: let a unified log-in open an account, also one of the three's."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.people import actions, identity, queries, rules


class Command(BaseCommand):
    help = "关联账号与统一认证"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("provider", help="统一认证的代码，见 identity-providers.json")
        parser.add_argument("--subject", default="", help="对方用户标识（sub）；省略时首次登录按工号绑定")

    def handle(self, *args: Any, **options: Any) -> None:
        by = system("link_provider")
        account = queries.accounts(by).filter(username=rules.clean_username(options["username"])).first()
        if account is None:
            raise CommandError("没有这个账号，请核对。")
        provider = identity.open_id(options["provider"])
        if provider is None:
            raise CommandError("没有配置这个统一认证，请核对代码。")
        try:
            actions.allow_provider(
                account=account, provider=provider, subject=options["subject"], by=by, at=timezone.now()
            )
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        self.stdout.write(f"账号 {account.username} 已关联{provider.label}。")
