"""A window system's push to the evaluator (hall.md §1.8 B) before anybody has rated: read, checked, without codes.

Pure. The codes are those of `exchange`: in this record 0 is a person and 1 an organisation, unlike the upload's 1 and 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from xinfu.ratings.exchange import (
    LONGEST_NUMBER,
    PERSON_FROM_ZERO,
    SHAPE_B,
    SHOWN_B,
    STAGES,
    BadRecord,
    _code,
    _moment,
    _text,
)

LONGEST = {"affairDealNo": 10, "affairHandleItem": 33, "affairCode": 60, "departmentCode": 60, "windowCode": 20,
           "userName": 100, "contactPhone": 30, "certificateNo": 60, "affairDealOfficer": 100}  # fmt: skip
FINISHED = "2"


@dataclass(frozen=True, slots=True)
class Push:
    """What is to be rated: the case, the step, for whom, and the window where the system names it."""

    case_no: str
    stage: str
    user_kind: str
    window_code: str
    done_at: datetime | None


def read_push(row: Mapping[str, str]) -> Push:
    """Return a push, or raise BadRecord with the field at fault."""
    for field in row:
        if "\0" in str(row[field]):
            raise BadRecord(field, "含有不可用的字符。")
    said = {field: _text(row, field, most) for field, most in LONGEST.items()}
    if "-" in said["affairDealNo"]:
        raise BadRecord("affairDealNo", "经办人编号不能含“-”。")
    case_no = _text(row, "affairSerialNo", LONGEST_NUMBER)
    if not case_no:
        raise BadRecord("affairSerialNo", "没有填写。")
    stage = _code(row, "evalProcess", STAGES)
    done = _moment(row, "affairDoneTime", SHAPE_B, SHOWN_B) if _text(row, "affairDoneTime") else None
    if stage == FINISHED and done is None:
        raise BadRecord("affairDoneTime", "办结阶段须填办结时间。")
    if _text(row, "affairApplyTime"):
        applied = _moment(row, "affairApplyTime", SHAPE_B, SHOWN_B)
        if done is not None and done < applied:
            raise BadRecord("affairDoneTime", "早于申请时间，请核对。")
    return Push(case_no, stage, _code(row, "userType", PERSON_FROM_ZERO), said["windowCode"], done)
