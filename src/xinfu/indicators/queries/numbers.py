"""Figures: stored ones, or computed on the spot over the current snapshot; and the definitions behind them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.registry import Indicator, indicators, snapshot_views
from xinfu.indicators import engine, labels, rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Grouping, Row, Value
from xinfu.indicators.models import Figure, FigureSet, ImportedValue
from xinfu.lib import sql

MAX_DAYS = 3700


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure as people see it: `group` holds codes (months as 2023-01, weeks by their Monday), `labels` names,
    `ids` the values to filter records with. `origin`: computed, or imported from what somebody else published."""

    indicator: Indicator
    frm: date
    to: date
    group: Mapping[str, str | None]
    labels: Mapping[str, str]
    ids: Mapping[str, Value]
    numerator: int | None
    denominator: int | None
    snapshot: str
    origin: str = "computed"
    printed: str | None = None
    source: str = ""

    @property
    def code(self) -> str:
        return self.indicator.code

    @property
    def exact(self) -> Fraction | None:
        if self.printed is not None:
            return Fraction(self.printed)
        return (
            None
            if self.numerator is None
            else rules.exact(self.numerator, self.denominator, self.indicator.unit)
        )

    @property
    def value(self) -> str | None:
        """The value as printed, rounded half-up; None where the denominator is 0."""
        if self.printed is not None or self.numerator is None:
            return self.printed
        return rules.shown(self.numerator, self.denominator, self.indicator.unit, self.indicator.decimals)

    def as_json(self) -> dict[str, object]:
        return {
            "indicator": self.code,
            "title": self.indicator.title,
            "group": dict(self.group),
            "labels": dict(self.labels),
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "unit": self.indicator.unit,
            "origin": self.origin,
        }


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """Which records the figures stand on: digest and the moment up to which they hold (数据截至)."""

    digest: str
    as_of: datetime
    cases: int


def snapshot(actor: Actor) -> SnapshotState | None:
    """Return the snapshot that figures are read from now; None before the first one."""
    actor.require(Can.SEE)
    found = snapshots.current()
    return SnapshotState(found.digest, found.as_of, found.rows.get("cases", 0)) if found else None


def indicator(code: str) -> Indicator:
    """Return an indicator, or refuse with the codes that look like it."""
    found = indicators.get(code)
    if found is None:
        near = difflib.get_close_matches(code, indicators.codes(), n=3, cutoff=0.4)
        hint = f"，是否想用 {'、'.join(near)}" if near else f"，可用的有 {'、'.join(indicators.codes())}"
        raise Refused("unknown_indicator", f"没有代码为“{code[:60]}”的指标{hint}。", field="indicator")
    return found


def check_period(frm: date, to: date) -> None:
    if frm > to:
        raise Refused("period_reversed", f"开始日期 {frm} 晚于结束日期 {to}，请对调。", field="from")
    if (to - frm).days >= MAX_DAYS:
        raise Refused("period_too_long", "一次最多统计十年，请缩短期间。", field="to")


def checked_grouping(grains: Iterable[str], wanted: Sequence[Indicator], named: bool) -> Grouping:
    """Return the grouping in order; refuse unknown grains, and those that a named indicator does not have."""
    asked = list(grains)
    for grain in asked:
        if grain not in engine.GRAINS:
            raise Refused(
                "unknown_grain",
                f"不能按“{grain[:40]}”分组，可用的有 {'、'.join(engine.GRAINS)}。",
                field="by",
            )
    grouping = engine.grouping_of(asked)
    for one in wanted if named else ():
        if not engine.allowed(one, grouping):
            bad = "、".join(labels.GRAIN_LABELS[g] for g in grouping if g not in one.grains)
            raise Refused(
                "grain_not_allowed", f"“{one.title}”按{one.dated_label}计，不能按{bad}分组。", field="by"
            )
    return grouping


def figures(
    actor: Actor, frm: date, to: date, grain: Iterable[str] = (), indicators: Iterable[str] | None = None
) -> list[FigureRow]:
    """Return the figures of a period in one grouping (several grains combine), imported ones after computed ones.

    Stored ones are read, others computed over the current snapshot without being stored. Refused: no snapshot yet,
    days in the wrong order, unknown indicator or grain, a grain that a named indicator does not have.
    """
    actor.require(Can.SEE)
    check_period(frm, to)
    wanted = chosen(indicators)
    grouping = checked_grouping(grain, wanted, named=indicators is not None)
    wanted = [one for one in wanted if engine.allowed(one, grouping)]
    current = snapshots.current()
    if current is None:
        raise Refused("no_snapshot", "尚未生成数据快照，请先导入办件并等待夜间任务，或运行 figures 命令。")
    rows = stored(current.digest, frm, to, grouping, wanted)
    if rows is None:
        rows = engine.compute(current, wanted, frm, to, [grouping])
    return dressed(rows, frm, to, current.digest) + imported(wanted, frm, to, grouping, current.digest)


def chosen(codes: Iterable[str] | None) -> list[Indicator]:
    return list(indicators) if codes is None else [indicator(code) for code in dict.fromkeys(codes)]


def stored(
    digest: str, frm: date, to: date, grouping: Grouping, wanted: Sequence[Indicator]
) -> list[Row] | None:
    """Return the stored figures in the engine's order, or None where they were not computed beforehand."""
    found = FigureSet.objects.filter(snapshot=digest, frm=frm, to=to, grain="+".join(grouping)).first()
    if found is None:
        return None
    kept = Figure.objects.filter(set=found)
    if len(wanted) < len(indicators):
        kept = kept.filter(indicator__in=[one.code for one in wanted])
    fields = kept.order_by("pk").values_list("indicator", "grain", "key", "numerator", "denominator")
    known = {one.code for one in wanted}
    rows = [
        Row(
            code,
            grains,
            tuple(parse(g, v) for g, v in zip(grains, key.split("|"), strict=False)),
            top,
            bottom,
        )
        for code, grain, key, top, bottom in fields
        for grains in [tuple(grain.split("+")) if grain else ()]
        if code in known
    ]
    return engine.ordered(rows, [one.code for one in wanted])


def key_of(row: Row) -> str:
    """Return the stored form of a group's values."""
    return "|".join("" if value is None else str(value) for value in row.group)


def parse(grain: str, text: str) -> Value:
    if not text:
        return None
    if grain in ("month", "week"):
        return date.fromisoformat(text)
    return text if grain == "channel" else int(text)


def dressed(rows: Sequence[Row], frm: date, to: date, digest: str) -> list[FigureRow]:
    """Give the rows the codes and names of their groups."""
    values: dict[str, set[Value]] = {}
    for row in rows:
        for grain, value in zip(row.grouping, row.group, strict=True):
            values.setdefault(grain, set()).add(value)
    known = {grain: labels.names(grain, found) for grain, found in values.items()}
    return [_dressed(row, known, frm, to, digest) for row in rows]


def _dressed(row: Row, known: Mapping[str, labels.Names], frm: date, to: date, digest: str) -> FigureRow:
    ids = dict(zip(row.grouping, row.group, strict=True))
    return FigureRow(
        indicator=indicators[row.indicator],
        frm=frm,
        to=to,
        group={grain: known[grain][value][0] or None for grain, value in ids.items()},
        labels={grain: known[grain][value][1] for grain, value in ids.items()},
        ids=ids,
        numerator=row.numerator,
        denominator=row.denominator,
        snapshot=digest,
    )


def imported(
    wanted: Sequence[Indicator], frm: date, to: date, grouping: Grouping, digest: str
) -> list[FigureRow]:
    """Return the county's own official values of exactly this period, never mixed with computed ones."""
    if grouping not in ((), ("department",)):
        return []
    found = ImportedValue.objects.filter(
        indicator__in=[one.code for one in wanted],
        frm=frm,
        to=to,
        is_own=True,
        is_latest=True,
        department__isnull=not grouping,
    ).exclude(printed="", numerator=None)
    rows = found.select_related("department").order_by("indicator", "department__order", "pk")
    return [
        FigureRow(
            indicator=indicators[row.indicator],
            frm=frm,
            to=to,
            group={"department": row.department.code} if row.department else {},
            labels={"department": row.department.short_name} if row.department else {},
            ids={"department": row.department.pk} if row.department else {},
            numerator=row.numerator,
            denominator=row.denominator,
            snapshot=digest,
            origin="imported",
            printed=row.printed or None,
            source=row.source,
        )
        for row in rows
    ]


# --- definitions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator with its SQL text, for DuckDB and as carried to PostgreSQL over the records themselves."""

    indicator: Indicator
    sql: str
    postgres: str
    view_title: str


def definitions(actor: Actor) -> list[Indicator]:
    actor.require(Can.SEE)
    return list(indicators)


def definition(
    actor: Actor,
    code: str,
    frm: date = date(2023, 1, 1),
    to: date = date(2023, 5, 31),
    grain: Iterable[str] = (),
) -> Definition:
    """Return what an indicator means and the SQL that counts it for a period and grouping."""
    actor.require(Can.SEE)
    found = indicators.get(code)
    if found is None:
        raise NotFound(f"没有代码为“{code[:60]}”的指标。")
    grouping = checked_grouping(grain, [found], named=True)
    (scan,) = engine.scans([found], [grouping])
    text = engine.statement(scan, frm, to)
    view = snapshot_views.get(found.view)
    return Definition(
        indicator=found,
        sql=text,
        postgres=sql.carry(engine.over_selects(text, [view]), "postgres") if view else "",
        view_title=view.title if view else found.view,
    )
