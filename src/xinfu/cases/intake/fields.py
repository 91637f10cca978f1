"""What a record may say: the fields that mappings fill, with their kinds, lengths and Chinese names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    TEXT = "text"
    TIME = "time"
    DAY = "day"
    WHOLE = "whole"
    FLAG = "flag"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `size` is the longest text or the largest number; `codes` are the values a code may take.

    `is_far`: a day that may lie far ahead, or be endless (长期).
    """

    name: str
    label: str
    kind: Kind
    size: int = 0
    codes: tuple[str, ...] = ()
    is_required: bool = False
    is_personal: bool = False
    mask: str = ""
    is_far: bool = False


STATES = (
    "applied", "received", "correction", "accepted", "handling", "suspended", "finished", "delivered",
    "not_accepted", "returned", "pre_returned", "voided", "withdrawn", "transferred",
)  # fmt: skip
FINISH_KINDS = tuple("01234567")
STEP_ACTIONS = ("提交", "通过", "退回", "其他")
PAUSE_KINDS = ("ordinary", "correction", "special", "transfer")


def _text(name: str, label: str, size: int, *, is_required: bool = False) -> Field:
    return Field(name, label, Kind.TEXT, size, is_required=is_required)


def _personal(name: str, label: str, size: int, mask: str) -> Field:
    return Field(name, label, Kind.TEXT, size, is_personal=True, mask=mask)


def _table(*fields: Field) -> Mapping[str, Field]:
    return {field.name: field for field in fields}


CASE = _table(
    _text("case_no", "办件编号", 50, is_required=True),
    Field("data_version", "数据版本", Kind.WHOLE, 2_000_000_000),
    _text("item_code", "实施编码", 60),
    _text("item_name", "事项名称", 300),
    _text("summary", "办理摘要", 500),
    Field("project_type", "办件类型", Kind.CODE, codes=("1", "2", "9")),
    Field("channel", "申报来源", Kind.CODE, codes=("1", "2", "3", "4", "5", "6", "9"), is_required=True),
    Field("is_unified", "经2.0平台收件", Kind.FLAG),
    Field("is_unified_item", "属2.0事项", Kind.FLAG),
    _text("department", "承办单位编码", 60),
    _text("org_name", "承办单位", 200),
    _text("window", "窗口编号", 40),
    _text("town", "乡镇街道", 60),
    _text("handler_name", "经办人", 60),
    Field("applicant_kind", "申请者类别", Kind.CODE, codes=("1", "2")),
    _personal("applicant_name", "申请者名称", 100, "name"),
    _personal("id_kind", "证件类型", 20, ""),
    _personal("id_no", "证件号码", 40, "id"),
    _personal("contact_name", "联系人", 100, "name"),
    _personal("phone", "联系电话", 40, "phone"),
    _personal("address", "地址", 300, "address"),
    _personal("legal_person", "法定代表人", 100, "name"),
    Field("applied_at", "申请时间", Kind.TIME),
    Field("received_at", "收件时间", Kind.TIME, is_required=True),
    Field("accepted_at", "受理时间", Kind.TIME),
    Field("finished_at", "办结时间", Kind.TIME),
    Field("due_at", "办结期限", Kind.TIME),
    Field("promise_days", "承诺工作日", Kind.WHOLE, 3650),
    Field("state", "状态", Kind.CODE, codes=STATES),
    Field("finish_kind", "办结类型", Kind.CODE, codes=FINISH_KINDS),
    _text("finish_reason", "原因", 500),
    Field("accept_action", "受理动作", Kind.CODE, codes=("accept", "refuse")),
    Field("over_action", "办结动作", Kind.CODE, codes=FINISH_KINDS),
    Field("result", "办理结果", Kind.CODE, codes=FINISH_KINDS),
    Field("is_paused", "是否挂起", Kind.FLAG),
    Field("operation", "同步操作", Kind.CODE, codes=("write", "delete")),
)
PAUSE = _table(
    _text("case_no", "办件编号", 50, is_required=True),
    Field("kind", "挂起类别", Kind.CODE, codes=PAUSE_KINDS, is_required=True),
    _text("name", "特别程序名称", 100),
    Field("started_at", "开始时间", Kind.TIME, is_required=True),
    Field("ended_at", "结束时间", Kind.TIME),
    _text("reason", "原因", 500),
)
STEP = _table(
    _text("case_no", "办件编号", 50, is_required=True),
    _text("name", "环节", 100, is_required=True),
    Field("action", "动作", Kind.CODE, codes=STEP_ACTIONS),
    _text("unit_name", "处理单位", 200),
    _text("handler_name", "处理人", 60),
    Field("started_at", "开始时间", Kind.TIME, is_required=True),
    Field("ended_at", "结束时间", Kind.TIME),
    _text("note", "处理意见", 1000),
)
LICENCE = _table(
    _text("case_no", "办件编号", 50, is_required=True),
    _text("name", "证照名称", 200, is_required=True),
    _text("number", "证照编号", 100, is_required=True),
    _text("issuer", "发证单位", 200),
    Field("issued_on", "发证日期", Kind.DAY),
    Field("valid_from", "有效期自", Kind.DAY, is_far=True),
    Field("valid_until", "有效期至", Kind.DAY, is_far=True),
    Field("is_permanent", "长期有效", Kind.FLAG),
)
RECORDS: Mapping[str, Mapping[str, Field]] = {"case": CASE, "pause": PAUSE, "step": STEP, "licence": LICENCE}
RECORD_LABELS = {"case": "办件", "pause": "停钟", "step": "办理环节", "licence": "证照"}
SEALED = tuple(name for name, field in CASE.items() if field.is_personal)


@dataclass(frozen=True, slots=True)
class Part:
    """How a record that belongs to a case is told apart from others of the file, and which days must be in order."""

    key: tuple[str, ...]
    first: str
    last: str


PARTS: Mapping[str, Part] = {
    "pause": Part(("case_no", "kind", "started_at"), "started_at", "ended_at"),
    "step": Part(("case_no", "name", "started_at"), "started_at", "ended_at"),
    "licence": Part(("case_no", "number"), "valid_from", "valid_until"),
}
