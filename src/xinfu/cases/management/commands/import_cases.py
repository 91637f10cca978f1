"""`manage import_cases --mapping M FILE…`: bring files of case records in, print one JSON object of the counts."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from xinfu.cases import actions, queries
from xinfu.cases.intake import mapping as mappings
from xinfu.cases.intake.mapping import Mapping
from xinfu.cases.models import ImportBatch
from xinfu.core.actor import system
from xinfu.core.refusal import Refused

COUNTS = ("read", "created", "updated", "unchanged", "rejected")
WIDTH = 30


class Command(BaseCommand):
    help = "导入办件：CSV、XLSX、NDJSON、Parquet；结果是一个 JSON 对象"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--mapping", required=True, help="映射的代码，或一个 .toml 文件")
        parser.add_argument("--rejected", type=Path, help="把未收的行（行号、列、取值、原因）写到这个文件")

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        totals = dict.fromkeys(COUNTS, 0)
        lists: list[ImportBatch] = []
        refused = False
        mapping = self._mapping(options["mapping"])
        for path in options["files"] if mapping else []:
            assert mapping is not None
            batch = self._import(path, mapping)
            refused |= batch is None
            if batch is not None:
                lists.append(batch)
                for name in COUNTS:
                    totals[name] += getattr(batch, name)
        if options["rejected"]:
            queries.write_rejected(lists, options["rejected"])
        print(json.dumps({**totals, "seconds": round(time.monotonic() - begun, 3)}), file=self.stdout)
        if refused or mapping is None:
            sys.exit(1)

    def _mapping(self, code: str) -> Mapping | None:
        try:
            return mappings.get(code)
        except Refused as refused:
            self._say(refused.reason)
            return None

    def _import(self, path: Path, mapping: Mapping) -> ImportBatch | None:
        if not path.is_file():
            self._say(f"{path.name}：没有这个文件。")
            return None
        try:
            return actions.import_path(
                path=path, mapping=mapping, by=system("import"), at=timezone.now(), progress=self._bar(path)
            )
        except Refused as refused:
            self._say(f"{path.name}：{refused.reason}")
            return None
        finally:
            if sys.stderr.isatty():
                sys.stderr.write("\n")

    def _bar(self, path: Path) -> actions.Progress:
        def show(step: str, share: float) -> None:
            if sys.stderr.isatty():
                done = round(share * WIDTH)
                sys.stderr.write(f"\r{path.name} {step} [{'#' * done}{'.' * (WIDTH - done)}] {share:4.0%}")
                sys.stderr.flush()

        return show

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
