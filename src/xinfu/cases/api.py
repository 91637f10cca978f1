"""Cases for other systems: push one or a batch, read a list with filters and cursor, read one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from pydantic import ConfigDict, StrictBool, StrictInt

from xinfu.cases import actions, queries
from xinfu.cases.access import Can
from xinfu.core import clock
from xinfu.core.api import Day, needs
from xinfu.core.refusal import Refused
from xinfu.people.session import actor_of

router = Router(tags=["办件"])
MOST = 500


class CaseIn(Schema):
    """一件办件；时间写 ISO 8601，没有时区的按北京时间；代码见“办件字段”。"""

    model_config = ConfigDict(extra="forbid")

    case_no: str = Field(max_length=50, description="办件编号")
    data_version: int = Field(1, ge=0, strict=True, description="数据版本；较旧的版本不改变已有办件")
    item_code: str | None = Field(None, description="实施编码")
    item_name: str | None = None
    summary: str | None = None
    project_type: str | None = Field(None, description="1 即办件 2 承诺件 9 其他")
    channel: str = Field("1", description="1 窗口 2 电脑端 3 移动端 4 快递 5 自助终端 6 银行网点 9 其他")
    is_unified: StrictBool | None = None
    is_unified_item: StrictBool | None = None
    department: str | None = Field(None, description="承办单位的机构编码")
    org_name: str | None = None
    window: str | None = None
    town: str | None = None
    handler_name: str | None = None
    applicant_kind: str | None = Field(None, description="1 个人 2 法人")
    applicant_name: str | None = None
    id_kind: str | None = None
    id_no: str | None = None
    contact_name: str | None = None
    phone: str | None = None
    address: str | None = None
    legal_person: str | None = None
    applied_at: str | None = None
    received_at: str = Field(description="收件时间")
    accepted_at: str | None = None
    finished_at: str | None = None
    due_at: str | None = None
    promise_days: StrictInt | None = None
    state: str | None = None
    finish_kind: str | None = None
    finish_reason: str | None = None
    is_paused: StrictBool | None = None


class RefusalOut(Schema):
    """为什么没有收：第几件（从 1 起）、字段、取值（个人信息已遮盖）、原因。"""

    row: int
    column: str
    value: str
    reason: str


class PushedOut(Schema):
    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    refusals: list[RefusalOut]


class CaseOut(Schema):
    """一件办件；个人信息已遮盖。"""

    case_no: str
    data_version: int
    item_code: str
    item_name: str
    summary: str
    project_type: str
    channel: str
    is_unified: bool
    is_unified_item: bool
    department: str
    department_name: str
    org_name: str
    window: str
    town: str
    handler_name: str
    applicant_kind: str
    applicant_name: str
    id_no: str
    phone: str
    applied_at: datetime | None
    received_at: datetime
    received_on: date
    accepted_at: datetime | None
    accepted_on: date | None
    finished_at: datetime | None
    finished_on: date | None
    state: str
    finish_kind: str
    finish_reason: str
    promise_days: int | None
    due_kind: str
    due_at: datetime | None
    due_on: date | None
    due_provisional: bool
    accept_due_on: date | None
    paused_on: date | None
    paused_days: int
    handling_days: int | None
    light: str
    is_late: bool
    marks: list[str]
    changed_at: datetime


class CasesOut(Schema):
    """一页；next 是下一页的 cursor，最后一页为空。"""

    cases: list[CaseOut]
    next: str


class CasesIn(Schema):
    cases: list[CaseIn] = Field(max_length=actions.MOST)


class CaseQuery(Schema):
    q: str = Field("", description="办件编号、编号后6位以上，或完整的证件号、手机号")
    state: str = ""
    department: int | None = None
    window: int | None = None
    town: int | None = None
    item: int | None = None
    channel: str = ""
    received_from: Day | None = None
    received_to: Day | None = None
    finished_from: Day | None = None
    finished_to: Day | None = None
    light: str = Field(
        "",
        description="today 今天到期 soon 临期 late 超期 accept_late 超期受理 paused 停钟 done_late 超期办结",
    )
    cursor: str = ""
    limit: int = 100


@router.post("", response=PushedOut, summary="推送一件", url_name="case_push")
@needs(Can.PUSH)
def push_one(request: HttpRequest, case: CaseIn) -> actions.Pushed:
    """新增或更新一件；同一编号、同一数据版本、同样内容重复推送不改变任何东西。"""
    return actions.push_case(record=case.model_dump(), by=actor_of(request), at=clock.now())


@router.post("/batch", response=PushedOut, summary="推送一批（最多5,000件）", url_name="case_push_batch")
@needs(Can.PUSH)
def push_batch(request: HttpRequest, wanted: CasesIn) -> actions.Pushed:
    """逐件判断：不合要求的写明原因，其余照收。"""
    records = [case.model_dump() for case in wanted.cases]
    return actions.push_cases(records=records, by=actor_of(request), at=clock.now())


@router.get("", response=CasesOut, summary="办件列表", url_name="cases")
@needs(Can.SEE)
def list_cases(request: HttpRequest, wanted: Query[CaseQuery]) -> dict[str, Any]:
    """按收件时间从近到远；每页最多 500 件。"""
    if wanted.light and wanted.light not in queries.LIGHTS:
        raise Refused("bad_light", f"light 只能是 {'、'.join(queries.LIGHTS)}。", field="light")
    now = queries.today()
    asked = wanted.model_dump(exclude={"q", "item", "cursor", "limit"})
    items = None if wanted.item is None else [wanted.item]
    rows = queries.cases(actor_of(request), queries.CaseFilter(text=wanted.q, items=items, **asked), now)
    if wanted.cursor:
        at, pk = _place(wanted.cursor)
        rows = rows.filter(Q(received_at__lt=at) | Q(received_at=at, pk__lt=pk))
    size = max(1, min(wanted.limit, MOST))
    found = list(rows[: size + 1])
    page = found[:size]
    following = _cursor(page[-1].received_at, page[-1].pk) if len(found) > size else ""
    return {"cases": _plain(page, now), "next": following}


@router.get("/{case_no}", response=CaseOut, summary="一件办件", url_name="case")
@needs(Can.SEE)
def one_case(request: HttpRequest, case_no: str) -> dict[str, Any]:
    """按办件编号返回一件。"""
    case = queries.get_case_by_number(actor_of(request), case_no)
    return _plain([case], queries.today())[0]


def _plain(cases: Sequence[Any], now: queries.Today) -> list[dict[str, Any]]:
    return [queries.plain(case, queries.lamp(case, now)) for case in cases]


def _cursor(at: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {pk}".encode()).decode()


def _place(cursor: str) -> tuple[datetime, int]:
    try:
        at, pk = base64.urlsafe_b64decode(cursor.encode()).decode().split()
        return datetime.fromisoformat(at), int(pk)
    except (ValueError, binascii.Error) as error:
        raise Refused("bad_cursor", "cursor 不是上一页给出的值，请从第一页取起。", field="cursor") from error
