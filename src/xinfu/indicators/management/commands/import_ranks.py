"""Take in a published table of counties: `import_ranks FILE --source … [--indicator CODE] [--from … --to …]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.indicators import actions
from xinfu.indicators.management.commands.figures import day


class Command(BaseCommand):
    help = "导入上级公布的数值、名次和颜色（CSV、XLSX）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help="来源，如“省大数据局2023年5月通报”")
        parser.add_argument("--indicator", help="文件没有“指标”列时写指标代码")
        parser.add_argument("--from", dest="frm", help="文件没有“开始日期”列时写")
        parser.add_argument("--to", help="文件没有“结束日期”列时写")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"没有文件 {path}。")
        try:
            done = actions.import_ranks(
                path=path,
                name=path.name,
                source=options["source"],
                indicator=options["indicator"],
                frm=day(options["frm"]) if options["frm"] else None,
                to=day(options["to"]) if options["to"] else None,
                by=system("import_ranks"),
                at=clock.now(),
            )
        except Refused as refused:
            raise CommandError(refused.reason) from None
        self.stdout.write(json.dumps(asdict(done)))
