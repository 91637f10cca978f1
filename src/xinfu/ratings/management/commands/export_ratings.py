"""`manage export_ratings --format A|B|D --from DAY --to DAY FILE`: a period's ratings in a partner's form."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.lib import tables
from xinfu.ratings import reading
from xinfu.ratings.actions.giving import give_ratings
from xinfu.ratings.exchange import FORMATS


class Command(BaseCommand):
    help = "按省平台或国标的格式导出一个期间的评价：.csv 或 .xlsx；结果是一个 JSON 对象"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS), help="交换格式")
        parser.add_argument("--from", dest="first_on", required=True, type=date.fromisoformat, metavar="DAY")
        parser.add_argument("--to", dest="last_on", required=True, type=date.fromisoformat, metavar="DAY")

    def handle(self, *args: Any, **options: Any) -> None:
        form, path = reading.form_of(options["format"]), options["file"]
        try:
            given = give_ratings(
                form=form, first_on=options["first_on"], last_on=options["last_on"],
                by=system("import"), at=timezone.now(),
            )  # fmt: skip
        except Refused as refused:
            self.stderr.write(refused.reason)
            sys.exit(1)
        write = tables.write_xlsx if path.suffix.lower() == ".xlsx" else tables.write_csv
        written = write(path, form.columns, ([row[name] for name in form.columns] for row in given.rows))
        print(json.dumps({"written": written, "left_out": given.found - written}), file=self.stdout)
