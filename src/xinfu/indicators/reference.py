"""docs/reference/indicators.md: the definition page of every indicator, written from the registry."""

from __future__ import annotations

from collections.abc import Iterable

from xinfu.core import local as local_rules
from xinfu.core.registry import Indicator, Part, indicators
from xinfu.indicators import engine, local, rules
from xinfu.indicators.labels import GRAIN_LABELS

BETTER = {"up": "越高越好", "down": "越低越好", "none": "不分好坏"}
VIEWS = {
    "cases": "办件",
    "items": "事项版本",
    "ratings": "评价",
    "bad_ratings": "差评处置",
    "ratable": "可评价办件与主动评价",
}


def page() -> str:
    """Return the page: an overview, then one section an indicator, colours and thresholds at the end."""
    head = [
        "# 指标定义\n",
        (
            "分子、分母均为整数；比例四舍五入到所列小数位；分母为 0 时不显示数值。期内状态一律以期末当日为准："
            "期末之后才办结的，当时仍算未办结。导入的官方数值与计算值并列，互不替代。\n"
        ),
        "| 指标 | 代码 | 单位 | 方向 | 计入日期 |",
        "|---|---|---|---|---|",
    ]
    head += [
        f"| {one.title} | `{one.code}` | {one.unit} | {BETTER[one.better]} | {one.dated_label} |"
        for one in indicators
    ]
    return "\n".join([*head, "", *(_section(one) for one in indicators), *_colours()]) + "\n"


def _section(one: Indicator) -> str:
    (scan,) = engine.scans([one], [()])
    grains = "、".join(GRAIN_LABELS[grain] for grain in one.grains)
    lines = [
        f"## {one.title} `{one.code}`\n",
        f"{one.counts}。\n",
        f"- 公式：{one.formula}",
        f"- 计入日期：{one.dated_label}；可按{grains}分组"
        + (f"；总是按{GRAIN_LABELS[one.split]}分" if one.split else ""),
        f"- 单位：{one.unit}，{BETTER[one.better]}",
        f"- 性质：{one.mark}，自{one.valid_from.year}年{one.valid_from.month}月{one.valid_from.day}日起；来源：{one.source}",
        f"- 分子：`{_part(one.numerator)}`",
    ]
    if one.denominator is not None:
        lines.append(f"- 分母：`{_part(one.denominator)}`")
    text = engine.template(scan)
    return "\n".join(
        [
            *lines,
            f"\n全县合计的 SQL（视图 `{one.view}`，{VIEWS.get(one.view, one.view)}）：\n",
            f"```sql\n{text}\n```\n",
        ]
    )


def _part(part: Part) -> str:
    return part.where if part.measure == "1" else f"SUM({part.measure}) WHERE {part.where}"


def _colours() -> Iterable[str]:
    yield "## 分色与预警线\n"
    yield f"默认分色：{rules.DEFAULT_SOURCE}。\n"
    yield "| 档 | 名次占比 |\n|---|---|"
    for colour, limit in rules.DEFAULT_BOUNDS:
        yield f"| {rules.COLOURS[colour]} | {'其余' if limit is None else f'前{int(limit * 100)}%'} |"
    yield "\n| 预警线 | 默认 | 来历 |\n|---|---|---|"
    declared = {rule.code: rule for rule in local_rules.declared()}
    for code in local.RED_BELOW.values():
        rule = declared[code]
        yield f"| {rule.title} | 低于 {rule.default}{rule.unit} | {rule.source} |"
