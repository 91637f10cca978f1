"""Partners' records of ratings to ours and back (hall.md §1.8 A, B, D): the one place that knows their codes.

Three codes run against each other (hall.md §8): the level ascends in A and B and descends in GB/T 39046 (D); 即办 and
承诺 are 2 and 1 in A, 1 and 2 in GB/T 39046; 个人 and 法人 are 1 and 2 in A, 0 and 1 in B. Pure: no database.

Whatever is written of an anonymous rating names no case, person or handler, and no time but its day, whoever asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from xinfu.ratings.codes import REASONS

CHINA = ZoneInfo("Asia/Shanghai")
LEVELS = {1: "非常不满意", 2: "不满意", 3: "基本满意", 4: "满意", 5: "非常满意"}
LONGEST_TEXT = 500
LONGEST_NUMBER = 50
LONGEST_HANDLE_ITEM = 33
LONGEST_PHONE = 30
LONGEST_PERSON = 30
"""评价人 of GB/T 39046 table 9 (a..30)."""
NOT_RATED = "-2"
"""What an evaluator gives back after 60 seconds without a tap (hall.md §1.4)."""
YEAR = r"((?:19|20)\d\d)"
UNKNOWN_NAMES = {"", "匿名", "匿名用户"}


class BadRecord(ValueError):
    """A record that cannot be taken: the field at fault, and a sentence for people."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """One rating without any partner's codes. `level` ascends 1–5; empty text where the partner says nothing.

    `immediate`: 即办件 or not, None where it is not said. `number`: the partner's own number of the rating or work order.
    `area` and `area_name` are those of the unit, `handle_item` (业务办理项编码) and `topic` those of the item.
    `identity_kind` (证件类型), `handler` (经办人) and the last three times are read of a rating by name only.
    """

    case_no: str
    level: int
    rated_at: datetime
    channel: str = "5"
    stage: str = "2"
    turn: int = 1
    reasons: tuple[str, ...] = ()
    text: str = ""
    is_anonymous: bool = True
    may_publish: bool = False
    name: str = ""
    phone: str = ""
    identity: str = ""
    user_kind: str = ""
    immediate: bool | None = None
    number: str = ""
    item_code: str = ""
    item_name: str = ""
    unit_code: str = ""
    unit_name: str = ""
    area: str = ""
    area_name: str = ""
    identity_kind: str = ""
    handler: str = ""
    handle_item: str = ""
    topic: str = ""
    applied_at: datetime | None = None
    received_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One partner's form: its columns in order, and both ways. `read` gives None for a record that is no rating.

    `not_kept`: columns that are known but neither read nor written, each with the reason; they go out empty.
    """

    code: str
    title: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    not_kept: Mapping[str, str]
    read: Callable[[Mapping[str, str]], Record | None]
    write: Callable[[Record], dict[str, str]]
    carries: Callable[[Record], bool]
    """Whether the form has codes for the record, and the record all that the form demands; others stay out of it."""


# --- codes ---------------------------------------------------------------------------------------

LEVEL_UP = {str(level): level for level in LEVELS}
LEVEL_DOWN = {str(6 - level): level for level in LEVELS}
PROMISE_FIRST = {"1": False, "2": True}  # A: 1 承诺件, 2 即办件
PERSON_FROM_ONE = {"1": "person", "2": "organisation"}  # A
PERSON_FROM_ZERO = {"0": "person", "1": "organisation"}  # B
STAGE_OF_STATE = {"1": "0", "2": "1", "3": "2"}  # A: 待办理, 办理中, 已完结
STAGES = {"1": "1", "2": "2"}  # B: 受理, 办结
CHANNELS_A = {str(n): str(n) for n in range(1, 8)}
CHANNELS_D = {
    "PC端": "1", "移动服务端": "2", "二维码": "3", "大厅平板": "4", "大厅其他终端": "5", "短信": "6",
    "系统默认评价": "7", "电话": "8",
}  # fmt: skip
FLAGS = {"0": False, "1": True, "": False}
TURNS = {"1": 1, "2": 2}
RETIRED = frozenset({
    *map(str, range(501, 510)), "401", "402", "404", "405", *map(str, range(301, 307)),
    *map(str, range(201, 207)), *map(str, range(101, 108)),
})  # fmt: skip
"""Codes of reasons that were in use before (hall.md §1.3): taken for the sake of old ratings, offered to nobody."""
KNOWN_REASONS = RETIRED | REASONS.keys()


K = TypeVar("K")
V = TypeVar("V")


def _code(row: Mapping[str, str], field: str, codes: Mapping[str, V], default: str = "") -> V:
    value = _text(row, field) or default
    if value not in codes:
        known = "、".join(code for code in codes if code)
        raise BadRecord(field, f"“{value[:20]}”不是可用的代码，应为{known}。" if value else "没有填写。")
    return codes[value]


def _back(codes: Mapping[K, V], value: V) -> K:
    return next(code for code, known in codes.items() if known == value)


def _text(row: Mapping[str, str], field: str, longest: int = 300) -> str:
    value = row.get(field)
    if not value:
        return ""
    value = str(value).strip()
    if len(value) > longest:
        raise BadRecord(field, f"最多{longest}字，现有{len(value)}字。")
    return value


def _moment(row: Mapping[str, str], field: str, shape: re.Pattern[str], shown: str) -> datetime:
    value = _text(row, field)
    parts = shape.fullmatch(value)
    try:
        if parts is not None:
            year, month, day, hour, minute, second = map(int, parts.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
    except ValueError:
        pass
    raise BadRecord(field, f"“{value[:30]}”不是时间，应写成 {shown}。")


def _moment_if_said(
    row: Mapping[str, str], field: str, shape: re.Pattern[str], shown: str
) -> datetime | None:
    return _moment(row, field, shape, shown) if _text(row, field) else None


def _reasons(row: Mapping[str, str], level: int) -> tuple[str, ...]:
    """Return the coded reasons, each once: of the list in use or retired, and of this level."""
    said = _text(row, "evalDetail").replace("，", ",")
    codes = tuple(dict.fromkeys(code.strip() for code in said.split(",") if code.strip()))
    for code in codes:
        if code not in KNOWN_REASONS:
            raise BadRecord("evalDetail", f"“{code[:20]}”不是评价理由的编码。")
        if code[0] != str(level):
            raise BadRecord("evalDetail", f"理由{code}不属于“{LEVELS[level]}”这一级。")
    return codes


def _number(row: Mapping[str, str], field: str) -> str:
    """Return the number of the case; one that names none must carry the partner's number of the rating."""
    return _text(row, field, LONGEST_NUMBER)


def _who(row: Mapping[str, str], name: str, identity: str = "", phone: str = "") -> dict[str, Any]:
    """Return the person, and nobody where the record says 匿名 by its flag or by its name."""
    said = _text(row, name, 100)
    if _code(row, "anonymityFlag", FLAGS) or said in UNKNOWN_NAMES:
        return {"is_anonymous": True}
    return {
        "is_anonymous": False,
        "name": said,
        "identity": _text(row, identity, 60) if identity else "",
        "phone": _text(row, phone, LONGEST_PHONE) if phone else "",
    }


def _with_case(who: dict[str, Any], **of_case: Any) -> dict[str, Any]:
    """Return the person with what is said of the case, and without it where the rating is anonymous."""
    return who if who["is_anonymous"] else {**who, **of_case}


def _told(record: Record) -> Record:
    """Return what may be written: of an anonymous rating nothing that leads to its case, and of its time the day."""
    if not record.is_anonymous:
        return record
    day = record.rated_at.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(
        record, rated_at=day, case_no="", name="", phone="", identity="", identity_kind="", handler="",
        applied_at=None, received_at=None, done_at=None,
    )  # fmt: skip


def _written(at: datetime | None, form: str) -> str:
    return f"{at.astimezone(CHINA):{form}}" if at else ""


# --- A: the province's upload of ratings given at the counter ----------------------------------------

FORM_A, SHOWN_A = "%Y-%m-%d %H:%M:%S", "2023-05-04 09:30:00"
SHAPE_A = re.compile(rf"{YEAR}-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
COLUMNS_A = (
    "areaCode", "areaName", "deptCode", "taskCode", "taskName", "taskHandleItem", "subMatter", "projectNo",
    "proStatus", "proDepartCode", "proDepart", "proManager", "pf", "certkeyGOV", "userName", "userProp",
    "satisfaction", "evalDetail", "writingEvaluation", "assessTime", "assessNumber", "appStatus", "promiseTime",
    "acceptDate", "dataSource", "anonymityFlag", "publicFlag", "mobile", "workOrderNo",
)  # fmt: skip
NOT_KEPT_A = {
    "taskHandleItem": "业务办理项编码，浙江不报送",
    "proDepartCode": "省里的部门编码，本系统没有",
    "appStatus": "审核状态，由省平台掌握",
}
DATA_SOURCE = "133"


def read_a(row: Mapping[str, str]) -> Record:
    level = _code(row, "satisfaction", LEVEL_UP)
    return Record(
        case_no=_number(row, "projectNo"), level=level, rated_at=_moment(row, "assessTime", SHAPE_A, SHOWN_A),
        channel=_code(row, "pf", CHANNELS_A), stage=_code(row, "proStatus", STAGE_OF_STATE, "3"),
        turn=_code(row, "assessNumber", TURNS, "1"), reasons=_reasons(row, level),
        text=_text(row, "writingEvaluation", LONGEST_TEXT), may_publish=_code(row, "publicFlag", FLAGS),
        user_kind=_code(row, "userProp", PERSON_FROM_ONE) if _text(row, "userProp") else "",
        immediate=_code(row, "promiseTime", PROMISE_FIRST) if _text(row, "promiseTime") else None,
        number=_text(row, "workOrderNo", 60), item_code=_text(row, "taskCode", 60),
        item_name=_text(row, "taskName"), topic=_text(row, "subMatter", 200),
        unit_code=_text(row, "deptCode", 60), unit_name=_text(row, "proDepart"),
        area=_text(row, "areaCode", 12), area_name=_text(row, "areaName", 100),
        **_with_case(
            _who(row, "userName", "certkeyGOV", "mobile"),
            handler=_text(row, "proManager", 100), received_at=_received(row),
        ),
    )  # fmt: skip


def _received(row: Mapping[str, str]) -> datetime | None:
    """Return 收件时间; the upload fixes no form for it, so that a day alone is taken as well."""
    said = _text(row, "acceptDate")
    whole = {"acceptDate": f"{said} 00:00:00" if len(said) == len("2023-05-04") else said}
    return _moment_if_said(whole, "acceptDate", SHAPE_A, SHOWN_A)


def write_a(record: Record) -> dict[str, str]:
    told = _told(record)
    return {
        "areaCode": told.area, "areaName": told.area_name, "deptCode": told.unit_code,
        "taskCode": told.item_code, "taskName": told.item_name, "subMatter": told.topic,
        "projectNo": told.case_no, "proStatus": _back(STAGE_OF_STATE, told.stage),
        "proDepart": told.unit_name, "proManager": told.handler, "pf": told.channel,
        "certkeyGOV": told.identity, "userName": told.name, "mobile": told.phone,
        "userProp": _back(PERSON_FROM_ONE, told.user_kind) if told.user_kind else "",
        "satisfaction": _back(LEVEL_UP, told.level), "evalDetail": ",".join(told.reasons),
        "writingEvaluation": told.text, "assessTime": _written(told.rated_at, FORM_A),
        "assessNumber": str(told.turn),
        "promiseTime": "" if told.immediate is None else _back(PROMISE_FIRST, told.immediate),
        "acceptDate": _written(told.received_at, FORM_A), "dataSource": DATA_SOURCE,
        "anonymityFlag": str(int(told.is_anonymous)), "publicFlag": str(int(told.may_publish)),
        "workOrderNo": told.number,
    }  # fmt: skip


# --- B: the window's push to the evaluator, with what the evaluator answers ----------------------------

FORM_B, SHOWN_B = "%Y%m%d%H%M%S", "20230504093000"
SHAPE_B = re.compile(rf"{YEAR}(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", re.ASCII)
COLUMNS_B = (
    "evalProcess", "affairDealNo", "affairSerialNo", "affairCode", "affairName", "affairDealOfficer",
    "affairApplyTime", "affairDoneTime", "affairHandleItem", "departmentCode", "userName", "contactPhone",
    "passportName", "userType", "certificateType", "certificateNo", "satisfaction", "evalDetail",
    "writingEvaluation", "assessTime", "anonymityFlag", "publicFlag", "workOrderNo",
)  # fmt: skip
NOT_KEPT_B = {
    "affairDealNo": "窗口系统的经办人编号，本系统只有经办人姓名",
    "passportName": "用法没有公布，本系统没有",
}


def read_b(row: Mapping[str, str]) -> Record | None:
    """Return the rating, or None where nobody tapped within the time.

    The push names the person of the case; whether the rating is by name, only the flag says: without it, it is not.
    """
    if _text(row, "satisfaction") == NOT_RATED:
        return None
    level = _code(row, "satisfaction", LEVEL_UP)
    applied = _moment_if_said(row, "affairApplyTime", SHAPE_B, SHOWN_B)
    done = _moment_if_said(row, "affairDoneTime", SHAPE_B, SHOWN_B)
    if applied and done and done < applied:
        raise BadRecord("affairDoneTime", "早于申请时间，请核对。")
    by_name = {**row, "anonymityFlag": _text(row, "anonymityFlag") or "1"}
    return Record(
        case_no=_number(row, "affairSerialNo"), level=level, rated_at=_moment(row, "assessTime", SHAPE_B, SHOWN_B),
        channel="5", stage=_code(row, "evalProcess", STAGES, "2"), reasons=_reasons(row, level),
        text=_text(row, "writingEvaluation", LONGEST_TEXT), may_publish=_code(row, "publicFlag", FLAGS),
        user_kind=_code(row, "userType", PERSON_FROM_ZERO) if _text(row, "userType") else "",
        number=_text(row, "workOrderNo", 60), item_code=_text(row, "affairCode", 60),
        item_name=_text(row, "affairName"), handle_item=_text(row, "affairHandleItem", LONGEST_HANDLE_ITEM),
        unit_code=_text(row, "departmentCode", 60),
        **_with_case(
            _who(by_name, "userName", "certificateNo", "contactPhone"),
            identity_kind=_text(row, "certificateType", 10), handler=_text(row, "affairDealOfficer", 100),
            applied_at=applied, done_at=done,
        ),
    )  # fmt: skip


def write_b(record: Record) -> dict[str, str]:
    """Return the row; of two times of the case that contradict each other only the end is written."""
    told = _told(record)
    is_upside_down = bool(told.applied_at and told.done_at and told.done_at < told.applied_at)
    return {
        "evalProcess": _back(STAGES, told.stage), "affairSerialNo": told.case_no,
        "affairCode": told.item_code, "affairName": told.item_name, "affairDealOfficer": told.handler,
        "affairApplyTime": "" if is_upside_down else _written(told.applied_at, FORM_B),
        "affairDoneTime": _written(told.done_at, FORM_B), "affairHandleItem": told.handle_item,
        "departmentCode": told.unit_code, "userName": told.name, "contactPhone": told.phone,
        "certificateType": told.identity_kind, "certificateNo": told.identity,
        "userType": _back(PERSON_FROM_ZERO, told.user_kind) if told.user_kind else "",
        "satisfaction": _back(LEVEL_UP, told.level), "evalDetail": ",".join(told.reasons),
        "writingEvaluation": told.text, "assessTime": _written(told.rated_at, FORM_B),
        "anonymityFlag": str(int(told.is_anonymous)), "publicFlag": str(int(told.may_publish)),
        "workOrderNo": told.number,
    }  # fmt: skip


def _fits_b(record: Record) -> bool:
    """Tell whether the window's form can say it: by name, it needs the case, for whom, and when that was done."""
    has_code = record.channel == "5" and record.stage in STAGES and record.turn == 1
    is_done = record.stage != "2" or record.done_at is not None
    return has_code and (record.is_anonymous or bool(record.case_no and record.user_kind and is_done))


# --- D: GB/T 39046-2020, table 9 -----------------------------------------------------------------------

FORM_D, SHOWN_D = "%Y%m%dT%H%M%S", "20230504T093000"
SHAPE_D = re.compile(rf"{YEAR}(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)", re.ASCII)
COLUMNS_D = (
    "办件编号", "评价渠道", "评价人", "评价时间", "评价次数", "满意度", "满意度代码", "文字评价", "行政区划", "评价编号",
)  # fmt: skip


def read_d(row: Mapping[str, str]) -> Record:
    level, said = _code(row, "满意度代码", LEVEL_DOWN), _text(row, "满意度", 20)
    if said and said != LEVELS[level]:
        raise BadRecord(
            "满意度",
            f"“{said}”与代码{_text(row, '满意度代码')}（{LEVELS[level]}）不一致，代码应从1非常满意到5非常不满意。",
        )
    return Record(
        case_no=_number(row, "办件编号"), level=level, rated_at=_moment(row, "评价时间", SHAPE_D, SHOWN_D),
        channel=_code(row, "评价渠道", CHANNELS_D), turn=_code(row, "评价次数", TURNS, "1"),
        text=_text(row, "文字评价", LONGEST_TEXT), area=_text(row, "行政区划", 9),
        number=_text(row, "评价编号", 60), **_who(row, "评价人"),
    )  # fmt: skip


def write_d(record: Record) -> dict[str, str]:
    told = _told(record)
    return {
        "办件编号": told.case_no, "评价渠道": _back(CHANNELS_D, told.channel),
        "评价人": "匿名用户" if told.is_anonymous else told.name[:LONGEST_PERSON],
        "评价时间": _written(told.rated_at, FORM_D), "评价次数": str(told.turn),
        "满意度": LEVELS[told.level], "满意度代码": _back(LEVEL_DOWN, told.level), "文字评价": told.text,
        "行政区划": told.area, "评价编号": told.number,
    }  # fmt: skip


FORMATS: Mapping[str, Format] = {
    "A": Format("A", "浙江线下评价上报", COLUMNS_A, ("projectNo", "pf", "satisfaction", "assessTime"), NOT_KEPT_A,
                read_a, write_a, lambda r: r.channel in CHANNELS_A),
    "B": Format("B", "窗口评价器推送", COLUMNS_B, ("affairSerialNo", "satisfaction", "assessTime"), NOT_KEPT_B,
                read_b, write_b, _fits_b),
    "D": Format("D", "GB/T 39046 表9", COLUMNS_D, ("办件编号", "评价渠道", "评价时间", "满意度代码"), {},
                read_d, write_d, lambda r: r.stage == "2"),
}  # fmt: skip
