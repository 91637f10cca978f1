"""A case that a window's system pushes to the tablet of its window."""

from __future__ import annotations

from datetime import datetime

from xinfu.cases import queries as cases
from xinfu.core.actor import Actor, system
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import queries as people
from xinfu.ratings.access import Can
from xinfu.ratings.actions.tablets import ask
from xinfu.ratings.models import TabletRequest, UserKind
from xinfu.ratings.pushing import Push

NO_CASE = "没有找到这件办件，或不在接口的单位内，请核对 affairSerialNo。"
ORGANISATION = "2"


def push(*, said: Push, by: Actor, at: datetime) -> TabletRequest:
    """Ask for a rating as the system says. Raises Refused: bad_record, no_window, and what `ask` refuses."""
    by.require(Can.PUSH)
    try:
        case = cases.get_case_by_number(system("ratings"), said.case_no)
    except NotFound:
        raise NotFound(NO_CASE) from None
    if not by.scope(Can.PUSH).covers(case.department_id):
        raise NotFound(NO_CASE)
    known = UserKind.ORGANISATION if case.applicant_kind == ORGANISATION else UserKind.PERSON
    if case.applicant_kind and known != said.user_kind:
        raise Refused(
            "bad_record",
            f"userType：办件的申请人是{known.label}，推送的不是；这一格式0为个人、1为法人，请核对代码。",
            field="userType",
        )
    window_id = case.window_id
    if said.window_code:
        found = people.windows(system("ratings")).open().filter(code=said.window_code).first()
        if found is None:
            raise Refused("no_window", "没有编号为 windowCode 的窗口，请核对。", field="windowCode")
        window_id = found.pk
    if window_id is None:
        raise Refused("no_window", "办件没有窗口，请在 windowCode 填窗口编号。", field="windowCode")
    return ask(case=case, window_id=window_id, stage=said.stage, is_pushed=True, by=by, at=at)
