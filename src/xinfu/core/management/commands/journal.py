"""manage journal verify [--checkpoint FILE] · checkpoint · protect --role ROLE"""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.models import Checkpoint, JournalEntry, JournalNode


class Command(BaseCommand):
    help = "核验操作日志、打印检查点、收回网站数据库角色改动日志的权限"

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verify = verbs.add_parser("verify", help="从条目重新计算一切")
        verify.add_argument("--checkpoint", help="以前保存的检查点文件：另外证明今天的日志是它的延续")
        verbs.add_parser("checkpoint", help="签出并打印现在的检查点")
        protect = verbs.add_parser("protect", help="PostgreSQL：网站角色只能追加日志")
        protect.add_argument("--role", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['verb']}")(options)

    def _verify(self, options: dict[str, Any]) -> None:
        findings = list(journal.verify())
        if options["checkpoint"]:
            try:
                note = Path(options["checkpoint"]).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"读不到检查点文件：{error}") from error
            findings += journal.check_note(note)
        if findings:
            raise CommandError("日志核验不通过：\n" + "\n".join(f"  {f.what}" for f in findings[:50]))
        self.stdout.write(
            f"日志核验通过：{journal.size()} 条，{Checkpoint.objects.count()} 个检查点，根 {journal.root(journal.size()).hex()}"
        )

    def _checkpoint(self, options: dict[str, Any]) -> None:
        point = journal.make_checkpoint(at=timezone.now())
        if point is None:
            raise CommandError("日志还是空的，没有可签的检查点。")
        self.stdout.write(point.note, ending="")

    def _protect(self, options: dict[str, Any]) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("只有 PostgreSQL 有数据库角色；SQLite 由触发器保护。")
        quote = connection.ops.quote_name
        role = quote(options["role"])
        with connection.cursor() as cursor:
            cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
            cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
            for model in (JournalEntry, JournalNode, Checkpoint):
                table = quote(model._meta.db_table)
                cursor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}")
        self.stdout.write(f"数据库角色 {options['role']} 现在只能读取和追加日志。")
