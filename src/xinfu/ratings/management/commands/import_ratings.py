"""`manage import_ratings --format A|B|D FILE…`: bring partners' ratings in, print one JSON object of the counts."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.lib import tables
from xinfu.ratings import reading
from xinfu.ratings.actions import intake
from xinfu.ratings.exchange import FORMATS

COUNTS = ("read", "created", "known", "not_rated", "refused", "loops")


class Command(BaseCommand):
    help = "导入省平台、窗口评价器的评价：CSV、XLSX、NDJSON、JSON；结果是一个 JSON 对象"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS), help="交换格式")
        parser.add_argument("--check", action="store_true", help="只检查，不写入")
        parser.add_argument("--history", action="store_true", help="历史评价：差评自评价之日起计算期限")
        parser.add_argument(
            "--rejected", type=Path, help="把未收的行（文件、行号、字段、原因）写到这个 CSV 文件"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun, failed = time.monotonic(), False
        totals: dict[str, float] = dict.fromkeys(COUNTS, 0)
        rejected: list[list[str]] = []
        for path in options["files"]:
            outcome = self._import(path, options)
            failed |= outcome is None
            if outcome is not None:
                for name in COUNTS:
                    totals[name] += getattr(outcome, name)
                rejected += [[path.name, str(r.row), r.field, r.reason] for r in outcome.refusals]
        if options["rejected"]:
            tables.write_csv(options["rejected"], ["文件", "行", "字段", "原因"], rejected)
        print(json.dumps({**totals, "seconds": round(time.monotonic() - begun, 3)}), file=self.stdout)
        if failed:
            sys.exit(1)

    def _import(self, path: Path, options: dict[str, Any]) -> intake.Outcome | None:
        if not path.is_file():
            self.stderr.write(f"{path.name}：没有这个文件。")
            return None
        try:
            return intake.take_ratings(
                records=reading.records_of(path, reading.form_of(options["format"])),
                source=path.name, sha256=reading.sha256_of(path),
                is_history=options["history"], is_trial=options["check"],
                by=system("import"), at=timezone.now(),
            )  # fmt: skip
        except Refused as refused:
            self.stderr.write(f"{path.name}：{refused.reason}")
            return None
