"""Indicators for other systems: definitions, figures, and the records behind a figure."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from xinfu.core.api import Day, needs
from xinfu.core.registry import Indicator
from xinfu.indicators import queries
from xinfu.indicators.access import Can
from xinfu.people.session import actor_of

router = Router(tags=["指标"])
MOST = 500


class IndicatorOut(Schema):
    """What an indicator means."""

    code: str
    title: str
    counts: str
    formula: str
    unit: str
    better: str
    dated_by: str
    source: str
    mark: str
    valid_from: date
    grains: list[str]


class DefinitionOut(IndicatorOut):
    """An indicator with the SQL that counts it over the snapshot, and over PostgreSQL."""

    sql: str
    postgres: str


class FigureOut(Schema):
    """One figure; `value` is decimal text, null where the denominator is 0."""

    indicator: str
    title: str
    group: dict[str, str | None]
    labels: dict[str, str]
    numerator: int | None
    denominator: int | None
    value: str | None
    unit: str
    origin: str


class FiguresOut(Schema):
    period: dict[str, date]
    snapshot: str
    as_of: str
    figures: list[FigureOut]


class RecordsOut(Schema):
    """The records behind a figure: how many make it, how many you may open, and this page's numbers."""

    indicator: str
    part: str
    total: int
    amount: int
    visible: int
    page: int
    pages: int
    records: list[str]
    snapshot: str


class FigureFilter(Schema):
    """`by` and `indicator` may be given several times."""

    from_: Day = Field(alias="from")
    to: Day
    by: list[str] = []
    indicator: list[str] = []


class RecordFilter(Schema):
    from_: Day = Field(alias="from")
    to: Day
    part: str = "numerator"
    month: str | None = None
    week: str | None = None
    department: str | None = None
    window: str | None = None
    town: str | None = None
    item: str | None = None
    channel: str | None = None
    page: int = 1
    limit: int = 50


@router.get("", response=list[IndicatorOut], summary="指标定义", url_name="indicators")
@needs(Can.SEE)
def list_definitions(request: HttpRequest) -> list[dict[str, Any]]:
    """返回全部指标的定义。"""
    return [_plain(one) for one in queries.definitions(actor_of(request))]


@router.get("/figures", response=FiguresOut, summary="指标数值", url_name="figures")
@needs(Can.SEE)
def list_figures(request: HttpRequest, wanted: Query[FigureFilter]) -> dict[str, Any]:
    """返回一个期间的指标数值；by 可写多个，合成一个分组；导入的官方数值并列在后（origin 为 imported）。"""
    actor = actor_of(request)
    rows = queries.figures(actor, wanted.from_, wanted.to, wanted.by, wanted.indicator or None)
    state = queries.snapshot(actor)
    return {
        "period": {"from": wanted.from_, "to": wanted.to},
        "snapshot": state.digest if state else "",
        "as_of": state.as_of.isoformat() if state else "",
        "figures": [row.as_json() for row in rows],
    }


@router.get("/{code}", response=DefinitionOut, summary="一个指标的定义和 SQL", url_name="indicator")
@needs(Can.SEE)
def one_definition(request: HttpRequest, code: str) -> dict[str, Any]:
    """按代码返回一个指标：口径、来源和计算用的 SQL。"""
    found = queries.definition(actor_of(request), code)
    return {**_plain(found.indicator), "sql": found.sql, "postgres": found.postgres}


@router.get("/{code}/records", response=RecordsOut, summary="数值背后的记录", url_name="indicator_records")
@needs(Can.SEE)
def list_records(request: HttpRequest, code: str, wanted: Query[RecordFilter]) -> dict[str, Any]:
    """返回构成分子（part=numerator）或分母的记录编号；分组的取值为内部编号，空为未归属。"""
    actor = actor_of(request)
    given = {grain: text for grain in queries.GRAIN_LABELS if (text := getattr(wanted, grain)) is not None}
    size = max(1, min(wanted.limit, MOST))
    found = queries.records(
        actor, code, wanted.part, wanted.from_, wanted.to, queries.parse_group(given), wanted.page, size
    )
    return {
        "indicator": code,
        "part": found.part,
        "total": found.total,
        "amount": found.amount,
        "visible": found.visible,
        "page": found.page,
        "pages": found.pages,
        "records": [_number_of(found.indicator.view, row) for row in found.rows],
        "snapshot": found.snapshot,
    }


NUMBERS = {"cases": "case_no", "ratings": "code", "bad_ratings": "code", "proposals": "number"}


def _number_of(view: str, row: Any) -> str:
    """Return what a record is called outside; versions of items by the item's code."""
    return str(getattr(row, NUMBERS[view]) if view in NUMBERS else row.item.code)


def _plain(one: Indicator) -> dict[str, Any]:
    return {
        "code": one.code,
        "title": one.title,
        "counts": one.counts,
        "formula": one.formula,
        "unit": one.unit,
        "better": one.better,
        "dated_by": one.dated_label,
        "source": one.source,
        "mark": one.mark,
        "valid_from": one.valid_from,
        "grains": list(one.grains),
    }
