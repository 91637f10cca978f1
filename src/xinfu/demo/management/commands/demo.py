"""manage demo [--smoke] [--no-serve] [--cases N]: make the reference county, compare its figures, serve it."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from xinfu.core import clock
from xinfu.core.refusal import Refused
from xinfu.demo import build, figures, generate

WHOLE = 1_080_000
DAY = date(2023, 6, 1)
"""The day on which the demonstration stands: the morning after its last record."""


class Command(BaseCommand):
    help = "演示县：造出并导入办件，核对公布的数字，写出工作总结，启动网站"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--smoke", action="store_true", help="做完并核对，不启动网站；有出入时退出码为 1")
        parser.add_argument("--no-serve", action="store_true", help="做完并核对，不启动网站")
        parser.add_argument("--cases", type=int, default=WHOLE, help="办件总数，默认 1080000")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["cases"] < 1080:
            raise CommandError("演示县至少要有 1080 件办件，才显得出起伏。")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._say("· 更新数据库结构")
            call_command("migrate", verbosity=0)
        demo = build.Demo(build.home(), generate.Targets.scaled(options["cases"]))
        try:
            made = build.build(demo, at=clock.now(), say=self._say)
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        compared = figures.compare(demo.targets)
        if made:
            self._say("· 算出看板常用期间的指标")
            figures.precompute(datetime.combine(DAY, time(9), tzinfo=timezone.get_default_timezone()))
        self._say(figures.table(compared))
        report = self._report(demo.home, fresh=made)
        self._say(f"工作总结：{report}")
        if options["smoke"]:
            self.stdout.write(json.dumps(figures.as_json(compared), ensure_ascii=False))
        if not all(line.same for line in compared):
            sys.exit(1)
        if not (options["smoke"] or options["no_serve"]):
            os.environ.update(XINFU_DEMO="1", XINFU_DEMO_DAY=DAY.isoformat())
            call_command("serve", port=options["port"])

    def _say(self, text: str) -> None:
        self.stderr.write(text)
        self.stderr.flush()

    def _report(self, home: Path, *, fresh: bool) -> Path:
        path = home / "reports" / "half-year-2023.docx"
        if fresh or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            period = {"from": "2023-01-01", "to": "2023-05-31", "as_of": "2023-05-31"}
            call_command(
                "report",
                "half_year",
                f"--from={period['from']}",
                f"--to={period['to']}",
                f"--as-of={period['as_of']}",
                f"--out={path}",
                stdout=self.stderr,
            )
        return path
