"""Records of the province's platform, in and out."""

from __future__ import annotations

import json
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import StrictInt, StrictStr

from xinfu.core import clock, privacy
from xinfu.core.api import Day, needs
from xinfu.people.session import actor_of
from xinfu.ratings import reading
from xinfu.ratings.access import Can
from xinfu.ratings.actions import giving, intake

router = Router(tags=["好差评"])
MOST = 5_000
FormatCode = Literal["A", "B", "D"]


class RecordsIn(Schema):
    """一批记录，字段名与交换格式相同。"""

    records: list[dict[str, StrictStr | StrictInt | None]] = Field(max_length=MOST)


class RatingRefusalOut(Schema):
    row: int
    field: str
    reason: str


class TakenOut(Schema):
    """收下多少；known 是以前收过、内容相同的，not_rated 是没有评价的推送。"""

    read: int
    created: int
    known: int
    not_rated: int
    refused: int
    refusals: list[RatingRefusalOut]


class PeriodIn(Schema):
    first_on: Day
    last_on: Day


class GivenOut(Schema):
    """一个期间的评价；left_out 是这一格式没有对应代码、未导出的条数。"""

    records: list[dict[str, str]]
    left_out: int


@router.post("/{code}/records", response=TakenOut, summary="送来一批评价", url_name="ratings_take")
@needs(Can.EXCHANGE)
def take(request: HttpRequest, code: FormatCode, said: RecordsIn) -> intake.Outcome:
    """逐条判断：不合要求的写明原因，其余照收；重复送来不改变任何东西。"""
    content = json.dumps(said.records, ensure_ascii=False, sort_keys=True)
    return intake.take_ratings(
        records=reading.from_objects(said.records, reading.form_of(code)),
        source=f"api {code}",
        sha256=privacy.digest(content).hex(),  # keyed: so few records could be guessed from a plain hash
        by=actor_of(request),
        at=clock.now(),
    )


@router.post("/{code}/export", response=GivenOut, summary="取一个期间的评价", url_name="ratings_give")
@needs(Can.EXCHANGE)
def give(request: HttpRequest, code: FormatCode, wanted: PeriodIn) -> dict[str, Any]:
    """一次最多5,000条；匿名评价不含办件编号、评价人和评价时刻。"""
    given = giving.give_ratings(
        form=reading.form_of(code),
        first_on=wanted.first_on,
        last_on=wanted.last_on,
        most=MOST,
        by=actor_of(request),
        at=clock.now(),
    )
    records = list(given.rows)
    return {"records": records, "left_out": given.found - len(records)}
