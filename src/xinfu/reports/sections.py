"""The sections of the office's report that this house can write today; later subjects register theirs."""

from __future__ import annotations

from xinfu.core.registry import Section, sections
from xinfu.indicators.queries import FigureRow
from xinfu.reports import rules
from xinfu.reports.suggestions import suggestions
from xinfu.reports.writing import Block, Run, Writing, cell, column, paragraph, table


def overview(writing: Writing) -> list[Block]:
    """总体数据: how many cases, how many on the common platform, at which rate."""
    total, unified, rate = (writing.row(c) for c in ("cases_total", "cases_unified", "one_net_rate"))
    if total is None or not total.numerator:
        return []
    parts: list[str | Run] = [
        f"{rules.period_text(total.frm, total.to)}，全县共办理政务服务事项",
        writing.run(total),
    ]
    if unified is not None:
        parts += ["，其中通过政务服务2.0平台办理", writing.run(unified)]
    if rate is not None:
        parts += ["，“一网通办”率", writing.run(rate)]
    parts.append(f"。以上数据截至{rules.day_text(total.to)}，由办件记录计算。")
    blocks = [paragraph(*parts)]
    official = writing.official("one_net_rate")
    if official is not None:
        blocks.append(
            paragraph(
                "上级公布的“一网通办”率为",
                writing.run(official),
                f"（{official.source}），与本报告的计算口径分列，不作合并。",
            )
        )
    return blocks + _time_limits(writing)


def _time_limits(writing: Writing) -> list[Block]:
    told = [
        (label, row)
        for label, code in (("按时办结率", "on_time_rate"), ("提前办结率", "early_finish_rate"), ("平均办理用时", "mean_handling_days"))
        if (row := writing.row(code)) is not None
    ]  # fmt: skip
    if not told:
        return []
    parts: list[str | Run] = ["办理时限方面，"]
    for place, (label, row) in enumerate(told):
        parts += ["，" if place else "", label, writing.run(row)]
    return [paragraph(*(p for p in parts if p), "。")]


def key_indicators(writing: Writing) -> list[Block]:
    """盯牢关键晾晒指标: the first quarter beside what came after, where the period holds both."""
    parts = rules.split_at_quarter(writing.frm, writing.cutoff)
    if parts is None:
        return []
    blocks = []
    for code, label, words in (
        ("one_net_rate", "“一网通办”率", ("上升", "下降")),
        ("late_acceptance_rate", "超期受理率", ("上升", "下降")),
        ("late_finish_rate", "超期办结率", ("上升", "下降")),
    ):
        old, new = (writing.row(code, *part) for part in parts)
        if old is not None and new is not None:
            later = rules.later_text(*parts[1])
            blocks.append(
                paragraph(
                    f"{label}：一季度为", writing.run(old), f"，{later}为", writing.run(new), "，比一季度",
                    writing.difference(new, old, words), f"（截至{rules.day_text(new.to)}）。",
                )
            )  # fmt: skip
    return blocks


def ratings(writing: Writing) -> list[Block]:
    """政务服务“好差评”: the rates of ratings and of what became of the bad ones, where any are kept here."""
    good = writing.row("good_rating_rate")
    if good is None or not good.denominator:
        return []
    parts: list[str | Run] = ["政务服务“好差评”好评率为", writing.run(good)]
    for label, code in (
        ("差评整改率", "bad_rectified_rate"),
        ("按期整改率", "bad_on_time_rate"),
        ("实名差评回访率", "named_called_back_rate"),
    ):
        row = writing.row(code)
        if row is not None and row.denominator:
            parts += [f"，{label}", writing.run(row)]
    return [paragraph(*parts, f"（截至{rules.day_text(good.to)}，系统默认评价不计）。")]


def departments(writing: Writing) -> list[Block]:
    """The table of departments: every cell leads to its own source."""
    found: dict[str, dict[str, FigureRow]] = {}
    for row in writing.rows(grain="department"):
        if row.code in rules.DEPARTMENT_COLUMNS and row.origin == "computed":
            found.setdefault(row.labels["department"], {})[row.code] = row
    rows = {name: kept for name, kept in found.items() if "cases_total" in kept}
    if not rows:
        return []
    titles = {
        r.code: f"{r.indicator.title}{'（件）' if r.indicator.unit == '件' else ''}"
        for k in rows.values()
        for r in k.values()
    }
    codes = [code for code in rules.DEPARTMENT_COLUMNS if code in titles]
    width = (156 - 44) // len(codes)
    columns = [column("部门", 44), *(column(titles[code], width, "right") for code in codes)]
    ordered = sorted(rows.items(), key=lambda pair: (-(pair[1]["cases_total"].numerator or 0), pair[0]))
    body = [
        [
            name,
            *(
                writing.run(kept[c], cell(kept[c])) if c in kept and kept[c].value is not None else "—"
                for c in codes
            ),
        ]
        for name, kept in ordered
    ]
    first = next(iter(rows.values()))["cases_total"]
    return [
        paragraph(f"各部门办件情况见下表，数据截至{rules.day_text(first.to)}。"),
        table("各部门办件情况", columns, body),
    ]


def entered(writing: Writing) -> list[Block]:
    """What people entered for subjects that are not run here yet, or beside what is, each with its own cut-off."""
    blocks = []
    for subject in rules.SUBJECTS:
        rows = [row for row in writing.entered if row.subject == subject.code]
        if not rows:
            continue
        parts: list[str | Run] = [f"{subject.heading}："]
        for place, row in enumerate(rows):
            until = f"（截至{rules.day_text(row.cutoff_on)}）"
            parts += ["；" if place else "", row.title, writing.entered_run(row), until]
        blocks.append(paragraph(*(p for p in parts if p), "。"))
    return [paragraph("以下为各科室填报的数据，依据见数据来源表。"), *blocks] if blocks else []


SECTIONS = (
    Section("overview", "总体情况", 10, overview),
    Section("key_indicators", "盯牢关键晾晒指标", 20, key_indicators),
    Section("departments", "各部门办件情况", 30, departments),
    Section("ratings", "政务服务“好差评”", 40, ratings),
    Section("suggestions", "高频涉企事项有效建议", 50, suggestions),
    Section("entered", "其他工作数据", 900, entered),
)


def register() -> None:
    for section in SECTIONS:
        if section.code not in sections:
            sections.add(section.code, section)
