"""Print figures of a period: `figures --from 2023-01-01 --to 2023-05-31 --by department --json`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.indicators import actions, queries
from xinfu.indicators.labels import GRAIN_LABELS
from xinfu.indicators.queries import FigureRow


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"日期应写成 2023-05-31 的样子，现在是“{text[:40]}”。") from None


class Command(BaseCommand):
    help = "按期间和分组算出指标；先更新快照。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="frm", required=True, type=str, help="开始日期，如 2023-01-01")
        parser.add_argument("--to", required=True, type=str, help="结束日期，如 2023-05-31")
        parser.add_argument(
            "--by", action="append", default=[], help=f"分组：{' '.join(GRAIN_LABELS)}，可写多次"
        )
        parser.add_argument("--indicator", action="append", help="只算这些指标，可写多次")
        parser.add_argument("--json", action="store_true", help="输出 JSON")
        parser.add_argument("--no-refresh", action="store_true", help="不更新快照")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = system("figures")
        frm, to = day(options["frm"]), day(options["to"])
        try:
            if not options["no_refresh"]:
                actions.refresh_snapshot(by=actor, at=clock.now())
            rows = queries.figures(actor, frm, to, options["by"], options["indicator"])
        except Refused as refused:
            raise CommandError(refused.reason) from None
        state = queries.snapshot(actor)
        digest = state.digest if state else ""
        if options["json"]:
            period = {"from": frm.isoformat(), "to": to.isoformat()}
            body = {"period": period, "snapshot": digest, "figures": [row.as_json() for row in rows]}
            self.stdout.write(json.dumps(body, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(f"{frm} 至 {to}，快照 {digest[:16]}")
            self.table(rows)

    def table(self, rows: Sequence[FigureRow]) -> None:
        for row in rows:
            group = "、".join(row.labels.values()) or "全县"
            ratio = "" if row.denominator is None else f"（{row.numerator:,} ÷ {row.denominator:,}）"
            origin = "导入" if row.origin == "imported" else "计算"
            value = "—" if row.value is None else row.value
            self.stdout.write(f"{row.indicator.title}\t{group}\t{value}{row.indicator.unit}{ratio}\t{origin}")
