"""Figures: stored ones, or computed on the spot over the current snapshot; and the definitions behind them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from django.db.models import Q
from django.urls import reverse

from xinfu.core import clock
from xinfu.core import local as local_rules
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.registry import DerivedView, Found, Indicator, SnapshotView, indicators
from xinfu.indicators import engine, labels, rules, snapshots
from xinfu.indicators.access import Can
from xinfu.indicators.engine import Grouping, Row, Value
from xinfu.indicators.kept import Kept
from xinfu.indicators.models import Figure, FigureSet, ImportedValue
from xinfu.indicators.rules import Period
from xinfu.lib import sql

MAX_DAYS = 3700

Asked = tuple[Period, Grouping]


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


Loaded = Mapping[Asked, list[FigureRow]]


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
    period = Period(frm, to)
    found = of_periods([period], grouping, wanted)[period]
    return found + imported(wanted, frm, to, grouping, found[0].snapshot if found else "")


def of_periods(
    periods: Iterable[Period], grouping: Grouping, wanted: Sequence[Indicator]
) -> dict[Period, list[FigureRow]]:
    """Return computed figures of several periods in one grouping."""
    found = load([(period, grouping) for period in periods], wanted)
    return {period: rows for (period, _), rows in found.items()}


def load(asked: Iterable[Asked], wanted: Sequence[Indicator]) -> Loaded:
    """Return computed figures of several periods and groupings, with two queries for all that are stored."""
    return dressed(counted(asked, wanted))


ROWS: Kept[tuple[Row, ...]] = Kept(150_000, len)  # rows; a hundred bytes or two each


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures as counted, before anything is named; `digest` says of which snapshot."""

    digest: str
    rows: Mapping[Asked, tuple[Row, ...]]


def counted(asked: Iterable[Asked], wanted: Sequence[Indicator]) -> Counted:
    """Return whole numbers of several periods and groupings: kept, stored, or computed over the snapshot."""
    current = snapshots.current()
    if current is None:
        raise Refused("no_snapshot", "尚未生成数据快照，请先导入办件并等待夜间任务，或运行 figures 命令。")
    once = list(dict.fromkeys(asked))
    codes = tuple(one.code for one in wanted)
    keys = {one: (current.digest, codes, *one) for one in once}
    missing = [one for one in once if keys[one] not in ROWS]
    for one, rows in stored(current.digest, missing, wanted).items() if missing else ():
        ROWS.put(keys[one], tuple(rows))
    rows_of = {one: ROWS.get(keys[one], lambda one=one: computed(current, wanted, *one)) for one in once}  # type: ignore[misc]
    return Counted(current.digest, told(rows_of, wanted))


def told(
    found: Mapping[Asked, tuple[Row, ...]], wanted: Sequence[Indicator]
) -> Mapping[Asked, tuple[Row, ...]]:
    """Leave out groups in which too few were counted to be told without telling who it was."""
    few = {one.code: one.few for one in wanted if one.few}
    if not any(row.grouping and row.indicator in few for rows in found.values() for row in rows):
        return found
    rules_now = local_rules.all_on(clock.today())
    least = {code: int(rules_now[rule].value) for code, rule in few.items()}
    return {
        asked: tuple(
            row for row in rows if not row.grouping or (row.denominator or 0) >= least.get(row.indicator, 0)
        )
        for asked, rows in found.items()
    }


def computed(
    source: snapshots.Snapshot, wanted: Sequence[Indicator], period: Period, grouping: Grouping
) -> tuple[Row, ...]:
    """Return figures that are not stored, computed over the snapshot."""
    return tuple(engine.compute(source, wanted, period.frm, period.to, [grouping]))


def dressed(found: Counted) -> Loaded:
    """Return counted figures with the codes and names of their groups, with one query a grain."""
    known = names_of(row for rows in found.rows.values() for row in rows)
    return {
        (period, grouping): [dress(row, known, period, found.digest) for row in rows]
        for (period, grouping), rows in found.rows.items()
    }


def chosen(codes: Iterable[str] | None) -> list[Indicator]:
    return list(indicators) if codes is None else [indicator(code) for code in dict.fromkeys(codes)]


def stored(digest: str, asked: Iterable[Asked], wanted: Sequence[Indicator]) -> dict[Asked, list[Row]]:
    """Return the stored figures of what was computed beforehand, in the engine's order."""
    either = Q()
    for period, grouping in asked:
        either |= Q(frm=period.frm, to=period.to, grain="+".join(grouping))
    sets = FigureSet.objects.filter(either, snapshot=digest).values_list("pk", "frm", "to", "grain")
    found = {pk: (Period(frm, to), _grains(grain)) for pk, frm, to, grain in sets}
    if not found:
        return {}
    kept = Figure.objects.filter(set__in=list(found))
    if len(wanted) < len(indicators):
        kept = kept.filter(indicator__in=[one.code for one in wanted])
    rows: dict[Asked, list[Row]] = {key: [] for key in found.values()}
    codes = [one.code for one in wanted]
    fields = kept.order_by("pk").values_list(
        "set_id", "indicator", "grain", "key", "numerator", "denominator"
    )
    for pk, code, grain, key, top, bottom in fields:
        if code in codes:
            grains = _grains(grain)
            values = tuple(parse(g, v) for g, v in zip(grains, key.split("|"), strict=False))
            rows[found[pk]].append(Row(code, grains, values, top, bottom))
    return {key: engine.ordered(kept_rows, codes) for key, kept_rows in rows.items()}


def _grains(text: str) -> Grouping:
    return tuple(text.split("+")) if text else ()


def key_of(row: Row) -> str:
    """Return the stored form of a group's values."""
    return "|".join("" if value is None else str(value) for value in row.group)


def parse(grain: str, text: str) -> Value:
    if not text:
        return None
    if grain in ("month", "week"):
        return date.fromisoformat(text)
    return text if grain == "channel" else int(text)


def parse_group(given: Mapping[str, str]) -> dict[str, Value]:
    """Return a group's values from text as addresses carry it: ids, days, a channel's code; blank is 未归属.

    Months may be written as 2023-01. Refused: an unknown grain, or a value that is none of it.
    """
    found: dict[str, Value] = {}
    for grain, text in given.items():
        if grain not in engine.GRAINS:
            raise Refused("unknown_grain", f"不能按“{grain[:40]}”筛选。")
        try:
            found[grain] = parse(grain, f"{text}-01" if grain == "month" and len(text) == 7 else text)
        except ValueError:
            raise Refused("bad_group", f"{labels.GRAIN_LABELS[grain]}的取值“{text[:40]}”不对。") from None
    return found


def names_of(rows: Iterable[Row]) -> dict[str, labels.Names]:
    """Return codes and names of all groups in the rows, by grain."""
    values: dict[str, set[Value]] = {}
    for row in rows:
        for grain, value in zip(row.grouping, row.group, strict=True):
            values.setdefault(grain, set()).add(value)
    return {grain: labels.names(grain, found) for grain, found in values.items()}


def dress(row: Row, known: Mapping[str, labels.Names], period: Period, digest: str) -> FigureRow:
    """Return a counted figure as people see it; `known` names the groups of each grain."""
    ids = dict(zip(row.grouping, row.group, strict=True))
    return FigureRow(
        indicator=indicators[row.indicator],
        frm=period.frm,
        to=period.to,
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


def find(actor: Actor, text: str, limit: int) -> list[Found]:
    """Return the indicators whose title or code holds the text."""
    if not actor.may(Can.SEE):
        return []
    wanted = text.strip().lower()
    found = [one for one in indicators if wanted in one.title.lower() or wanted in one.code]
    return [
        Found(one.title, one.formula, reverse("indicators:number", args=[one.code]), "指标")
        for one in found[:limit]
    ]


def title_of(code: str) -> str:
    found = indicators.get(code)
    return found.title if found else code


def all_definitions() -> list[Indicator]:
    """Return every indicator, for choices in forms."""
    return list(indicators)


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
    views = engine.behind(found.view)
    return Definition(
        indicator=found,
        sql=engine.statement(scan, frm, to),
        postgres=_carried(scan, frm, to, views) if views else "",
        view_title=views[-1].title if views else found.view,
    )


STAND_INS = (date(1111, 1, 11), date(2222, 2, 22))  # days that no definition names


def _carried(scan: engine.Scan, frm: date, to: date, views: Sequence[SnapshotView | DerivedView]) -> str:
    """Return the statement in PostgreSQL's dialect; it is carried once for all periods, which takes a while."""
    text = sql.carry(engine.over_selects(engine.statement(scan, *STAND_INS), views), "postgres")
    for stand_in, day in zip(STAND_INS, (frm, to), strict=True):
        text = text.replace(stand_in.isoformat(), day.isoformat())
    return text
