"""Window systems: put a case on the window's tablet, and ask whether that is over (hall.md §1.8 B)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema

from xinfu.core import clock
from xinfu.core.api import needs
from xinfu.core.refusal import Refused
from xinfu.people.session import actor_of
from xinfu.ratings import pushing
from xinfu.ratings.access import Can
from xinfu.ratings.actions import pushes
from xinfu.ratings.exchange import NOT_RATED, BadRecord
from xinfu.ratings.models import TabletRequest
from xinfu.ratings.queries import tablets as queries

router = Router(tags=["好差评"])


class PushIn(Schema):
    """窗口推送评价器的记录，字段名与交换格式B相同；userType 0个人、1法人。windowCode 为本系统的窗口编号，不填按办件的窗口。"""

    evalProcess: str = Field(max_length=2)  # noqa: N815 -- the partner's names
    affairSerialNo: str = Field(max_length=50)  # noqa: N815
    userType: str = Field(max_length=2)  # noqa: N815
    affairDealNo: str = Field("", max_length=10)  # noqa: N815
    affairCode: str = Field("", max_length=60)  # noqa: N815
    affairName: str = Field("", max_length=300)  # noqa: N815
    affairDealOfficer: str = Field("", max_length=100)  # noqa: N815
    affairApplyTime: str = Field("", max_length=14)  # noqa: N815
    affairDoneTime: str = Field("", max_length=14)  # noqa: N815
    affairHandleItem: str = Field("", max_length=33)  # noqa: N815
    departmentCode: str = Field("", max_length=60)  # noqa: N815
    userName: str = Field("", max_length=100)  # noqa: N815
    contactPhone: str = Field("", max_length=30)  # noqa: N815
    certificateType: str = Field("", max_length=10)  # noqa: N815
    certificateNo: str = Field("", max_length=60)  # noqa: N815
    windowCode: str = Field("", max_length=20)  # noqa: N815


class PushOut(Schema):
    """pending 平板正在请评价；ended 已结束；timed_out 超时未评价，returnCode 为 -2。不返回评价内容。"""

    code: str
    state: Literal["pending", "ended", "timed_out"]
    returnCode: str  # noqa: N815
    window: str
    until: datetime


@router.post("/push", response=PushOut, summary="把办件送到窗口平板请评价", url_name="ratings_push")
@needs(Can.PUSH)
def push(request: HttpRequest, record: PushIn) -> dict[str, Any]:
    """同一窗口正在请评时返回409；办件以前评过也照收，同一件只计第一次评价。"""
    try:
        said = pushing.read_push(record.dict())
    except BadRecord as bad:
        raise Refused("bad_record", f"{bad.field}：{bad.reason}", field=bad.field) from None
    return _out(pushes.push(said=said, by=actor_of(request), at=clock.now()))


@router.get("/push/{code}", response=PushOut, summary="一次推送结束了没有", url_name="ratings_pushed")
@needs(Can.PUSH)
def pushed(request: HttpRequest, code: str) -> dict[str, Any]:
    """推送后一天内可查，只能查本系统推送的。"""
    return _out(queries.get_pushed(actor_of(request), code.replace("\0", "")[:16]))


def _out(row: TabletRequest) -> dict[str, Any]:
    at = clock.now()
    state = (
        "pending" if queries.is_pending(row, at) else "timed_out" if queries.is_lapsed(row, at) else "ended"
    )
    return {
        "code": row.code, "state": state, "returnCode": NOT_RATED if state == "timed_out" else "",
        "window": row.window.name, "until": row.open_until,
    }  # fmt: skip
