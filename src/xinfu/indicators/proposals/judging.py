"""Which answer of which level may be entered, and how it must be said: pure, for one answer and for whole sheets."""

from __future__ import annotations

from datetime import date

from xinfu.core.flow import Move
from xinfu.core.refusal import Refused
from xinfu.indicators.flow import (
    LEVEL_LABELS,
    PROPOSAL_FLOW,
    RESULT_LABELS,
    ProposalLevel,
    ProposalResult,
)

LONGEST_OPINION, LONGEST_PAPER_NO = 300, 60
SAYS_WHY = frozenset({ProposalResult.RETURNED, ProposalResult.NOT_ADOPTED, ProposalResult.PARTLY})
"""Results that the unit can only understand with the reason."""
ABOVE = frozenset({ProposalLevel.CITY, ProposalLevel.PROVINCE})


def move_of(level: str, result: str) -> Move:
    """Return the move that enters a result of a level. Raises Refused where the level gives no such result."""
    name = f"{level}_{result}"
    if name not in {move.name for move in PROPOSAL_FLOW.moves}:
        said = RESULT_LABELS.get(result, "这种结果")  # type: ignore[call-overload]
        allowed = "、".join(RESULT_LABELS[one] for one in results_of(level)) if level in LEVEL_LABELS else ""
        raise Refused(
            "bad_result",
            f"{LEVEL_LABELS[ProposalLevel(level)]}没有“{said}”，可选{allowed}。"
            if allowed
            else "请选择层级。",
            field="result",
        )
    return PROPOSAL_FLOW[name]


def results_of(level: str) -> list[ProposalResult]:
    """Return the results that a level may give, in the order of the flow."""
    names = [move.name for move in PROPOSAL_FLOW.moves]
    return [result for result in ProposalResult if f"{level}_{result}" in names]


def opinion_of(text: str, result: str) -> str:
    """Return an opinion as it is kept. Raises Refused: none where it is needed, over 300 characters."""
    said = text.strip()
    if result in SAYS_WHY and not said:
        raise Refused("no_opinion", "请写明意见和理由，提出单位要据此办理。", field="opinion")
    if len(said) > LONGEST_OPINION:
        raise Refused(
            "opinion_too_long", f"意见最多{LONGEST_OPINION}字，现有{len(said)}字，请精简。", field="opinion"
        )
    return said


def paper_no_of(text: str, level: str) -> str:
    """Return the number of the paper as it is kept. Raises Refused: none from above the county, over 60 characters."""
    said = text.strip()
    if level in ABOVE and not said:
        raise Refused("no_paper", "请写明市级、省级答复的文号或工单号。", field="paper_no")
    if len(said) > LONGEST_PAPER_NO:
        raise Refused("paper_no_too_long", f"文号最多{LONGEST_PAPER_NO}字，请核对。", field="paper_no")
    return said


def check_day(decided_on: date, *, today: date, not_before: date, what: str) -> None:
    """Raise Refused where the day on the paper lies in the future or before what went before it."""
    if decided_on > today:
        raise Refused("day_ahead", "意见日期不能晚于今天。", field="decided_on")
    if decided_on < not_before:
        raise Refused(
            "day_too_early", f"意见日期不能早于{what}的日期{not_before:%Y-%m-%d}。", field="decided_on"
        )
