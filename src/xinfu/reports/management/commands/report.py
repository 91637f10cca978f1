"""Make a report as a paper's draft and as files: `report half_year --from … --to … --as-of … --out FILE.docx [--pdf]`."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from xinfu.core import clock
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.papers import queries as papers
from xinfu.reports import actions
from xinfu.reports.models import ReportKind


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"日期应写成 2023-05-31 的样子，现在是“{text[:40]}”。") from None


class Command(BaseCommand):
    help = "生成工作报告：存为公文草稿，并写出 .docx（--pdf 另写 .pdf）；每个数字都有来源。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "kind", choices=ReportKind.values, help="、".join(f"{k}（{t}）" for k, t in ReportKind.choices)
        )
        parser.add_argument("--from", dest="frm", required=True, help="统计期开始，如 2023-01-01")
        parser.add_argument("--to", required=True, help="统计期结束，如 2023-05-31")
        parser.add_argument("--as-of", help="文中“目前”的日期，如 2023-06-30；不写时同统计期结束")
        parser.add_argument("--out", required=True, help="写到哪个 .docx 文件")
        parser.add_argument("--pdf", action="store_true", help="在旁边再写一份 .pdf")

    def handle(self, *args: Any, **options: Any) -> None:
        out = Path(options["out"])
        if out.suffix.lower() != ".docx":
            raise CommandError("--out 应以 .docx 结尾。")
        if not out.resolve().parent.is_dir():
            raise CommandError(f"文件夹 {out.resolve().parent} 不存在，请先建立。")
        by, at = system("report"), clock.now()
        frm, to = day(options["frm"]), day(options["to"])
        try:
            paper = actions.make_report(
                kind=options["kind"],
                frm=frm,
                to=to,
                as_of=day(options["as_of"]) if options["as_of"] else to,
                by=by,
                at=at,
            )
        except Refused as refused:
            raise CommandError(refused.reason) from None
        paper = papers.get_paper(by, paper.pk)
        out.write_bytes(papers.docx_of(paper))
        self.stdout.write(
            f"已存为公文草稿：{paper.title}（第{paper.version_number}版），摘要 {paper.text_digest}"
        )
        self.stdout.write(f"已写出 {out}")
        if options["pdf"]:
            made = papers.pdf_of(paper)
            out.with_suffix(".pdf").write_bytes(made.content)
            self.stdout.write(f"已写出 {out.with_suffix('.pdf')}")
            if made.notice:
                self.stdout.write(made.notice)
        notes = paper.version.notes if paper.version else []
        if notes:
            self.stdout.write("起草提示（不属于正文）：")
            for note in notes:
                self.stdout.write(f"  {note}")
