"""`manage import_people --kind departments FILE`: lists of units, windows, people, roles, organisations."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.lib import tables
from xinfu.people import listing


class Command(BaseCommand):
    help = "导入机构、窗口、人员、角色或外部单位名单（CSV、XLSX），输出一个 JSON 对象"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", required=True, choices=sorted(listing.LISTINGS))
        parser.add_argument("--rejected", type=Path, help="把未导入的行写入这个 CSV 文件")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        kind = listing.LISTINGS[options["kind"]]
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"找不到文件：{path.name}")
        try:
            rows, bad = listing.read(path, kind)
            loaded = kind.load(rows=rows, by=system("import_people"), at=timezone.now())
        except Refused as refused:
            raise CommandError(refused.reason) from refused
        loaded.read += len(bad)
        loaded.faults = sorted([*loaded.faults, *bad], key=lambda fault: fault.row)
        for fault in loaded.faults[:100]:
            self.stderr.write(f"第{fault.row}行「{listing.heads(kind, fault)}」{fault.reason}")
        if options["rejected"]:
            lines = [(f.row, listing.heads(kind, f), f.value, f.reason) for f in loaded.faults]
            tables.write_csv(options["rejected"], ("行号", "列", "值", "错误原因"), lines)
        self.stdout.write(
            json.dumps(
                {
                    "read": loaded.read,
                    "created": loaded.created,
                    "updated": loaded.updated,
                    "unchanged": loaded.unchanged,
                    "rejected": loaded.rejected,
                    "seconds": round(time.perf_counter() - started, 3),
                }
            )
        )
