"""Import files of service items: `manage import_items --mapping M FILE…` prints one JSON object."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from xinfu.catalog import actions, mapping, queries
from xinfu.catalog.mapping import ItemMapping
from xinfu.catalog.models import ItemBatch, Level
from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.core.files import MIB
from xinfu.core.refusal import Refused
from xinfu.lib import tables

KEYS = ("read", "created", "updated", "unchanged", "rejected")
HEADS = ["文件", "处理", "行", "列", "取值", "原因"]
SHOWN = 20


class Command(BaseCommand):
    help = "导入事项清单（CSV、XLSX 等），按映射取列；结果打印为一个 JSON 对象，问题列在标准错误。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--mapping", required=True, help="映射的代码，或一个 .toml 文件")
        parser.add_argument("--since", type=_day, help="行内没有生效日期时采用的生效日期")
        parser.add_argument("--report", type=Path, help="把全部问题写成 CSV：行、列、取值、原因")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        counts: Counter[str] = Counter()
        found: list[list[str]] = []
        chosen = self._mapping(options["mapping"])
        for path in options["files"]:
            batch = self._import(path, chosen, options["since"])
            counts.update({key: getattr(batch, key) for key in KEYS})
            found += [
                [path.name, f.get_level_display(), str(f.row), f.column, f.value, f.reason]
                for f in queries.findings(batch)
            ]
        self._tell(found, options["report"])
        self.stdout.write(
            json.dumps(
                {**{key: counts[key] for key in KEYS}, "seconds": round(time.monotonic() - started, 3)}
            )
        )

    def _mapping(self, name: str) -> ItemMapping:
        try:
            return mapping.find(name)
        except Refused as refused:
            raise CommandError(refused.reason) from refused

    def _import(self, path: Path, chosen: ItemMapping, since: date | None) -> ItemBatch:
        by = system("import_items")
        try:
            batch = actions.check_file(
                chunks=_chunks(path), name=path.name, chosen=chosen, since=since, by=by, at=clock.now()
            )
            return actions.apply_batch(batch=batch, by=by, at=clock.now(), chosen=chosen)
        except OSError as error:
            raise CommandError(f"{path}：打不开这个文件，请核对路径和权限。") from error
        except Refused as refused:
            raise CommandError(f"{path.name}：{refused.reason}") from refused

    def _tell(self, found: list[list[str]], report: Path | None) -> None:
        first = sorted(found, key=lambda line: line[1] != Level.REJECTED.label)
        for _, level, row, column, value, reason in first[:SHOWN]:
            self.stderr.write(" ".join(f"{level} 第{row}行「{column}」{value[:80]} {reason}".split()))
        if len(found) > SHOWN:
            self.stderr.write(f"另有 {len(found) - SHOWN} 条，用 --report 写成文件查看。")
        if report is not None:
            tables.write_csv(report, HEADS, found)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(MIB), b"")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("日期请写成 2026-11-24。") from error
