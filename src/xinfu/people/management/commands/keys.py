"""`manage keys status|rotate|reseal|retire`: change the key of the personal data while the house is open."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core import privacy
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.people import actions


class Command(BaseCommand):
    help = "更换个人信息的加密密钥：不停机，旧密钥在全部重新加密前仍可读"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="现用密钥，还有多少条等待重新加密")
        verbs.add_parser("rotate", help="启用新密钥；定时任务随后重新加密")
        verbs.add_parser("reseal", help="现在就重新加密，直到做完；中断后可再次运行")
        verbs.add_parser("retire", help="停用旧密钥（文件改名保留，供恢复旧备份用）")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")()
        except Refused as refused:
            raise CommandError(refused.reason) from refused

    def _status(self) -> None:
        old = "、".join(map(str, privacy.old_keys())) or "无"
        self.stdout.write(f"现用密钥 {privacy.key_id()}，仍可读的旧密钥：{old}。")
        for label, count in actions.rows_behind().items():
            self.stdout.write(f"{label}：待重新加密 {count} 条")

    def _rotate(self) -> None:
        number = actions.rotate_key(by=system("reseal"), at=timezone.now())
        self.stdout.write(
            f"已启用密钥 {number}。请把它另行备份；定时任务正在重新加密，进度用 keys status 查看。"
        )

    def _reseal(self) -> None:
        total = 0
        while done := actions.reseal(by=system("reseal"), at=timezone.now(), most=20):
            total += done
            self.stderr.write(f"已重新加密 {total} 条")
        self.stdout.write(f"重新加密 {total} 条，还剩 {sum(actions.rows_behind().values())} 条。")

    def _retire(self) -> None:
        old = actions.retire_keys(by=system("reseal"), at=timezone.now())
        self.stdout.write(f"旧密钥 {'、'.join(map(str, old))} 已停用，文件改名为 retired-…。")
