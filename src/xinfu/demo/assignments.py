"""The reference county's assigned items and meetings: every state and light, one meeting held, one notified.

All through actions, by the demonstration's own people, on days before the one on which it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from xinfu.assignments import actions
from xinfu.assignments.actions import Came, Line
from xinfu.core.access import Role
from xinfu.core.actor import Actor, system
from xinfu.demo import rows
from xinfu.demo.generate import LAST
from xinfu.people import queries as people
from xinfu.people.session import actor_of_person

BY = system("demo")
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Given:
    """One item: to which unit, given how many days ago, due in how many, taken how far, percent done."""

    title: str
    unit: str
    ago: int
    due: int
    moves: tuple[str, ...] = ()
    progress: int = 0
    source: str = "bulletin"
    source_name: str = "第20周通报"


WORK = ("accept", "begin")
ITEMS: tuple[Given, ...] = (
    Given("逐件说明超期受理原因", "MB1A04", 9, 5),
    Given("补录线下收件", "MB1A08", 8, 6),
    Given("清理暂存件", "MB1A11", 6, 30),
    Given("核对承诺时限", "MB1A02", 12, 20, ("accept",)),
    Given("压减不动产登记时限", "MB1A04", 40, 25, WORK, 60, "meeting", "4月工作例会"),
    Given("施工许可并联办理", "MB1A08", 45, 6, WORK, 40, "meeting", "4月工作例会"),
    Given("超期件整改", "MB1A17", 35, -4, WORK, 70),
    Given("环评审批提速", "MB1A18", 60, -15, WORK, 50, "inspection", "一季度督查"),
    Given("规划核实积压件销号", "MB1A04", 50, -12, ("accept",), 0, "talk", "4月约谈"),
    Given("完善办事指南", "MB1A12", 20, 15, ("return",)),
    Given("窗口人员培训", "MB1A01", 25, 10, (*WORK, "report"), 0, "report", "4月月分析"),
    Given("社保转移跨省通办", "MB1A02", 30, 3, (*WORK, "report"), 0, "report", "4月月分析"),
    Given("公积金贷款材料精简", "MB1A07", 30, 8, (*WORK, "report", "send_back"), 0, "meeting", "4月工作例会"),
    Given("医保报销一窗受理", "MB1A03", 60, -20, (*WORK, "report", "confirm"), 0, "meeting", "3月工作例会"),
    Given("户籍业务掌上办", "MB1A05", 55, -10, (*WORK, "report", "confirm"), 0, "report", "一季度分析"),
    Given("发票领用即办", "MB1A06", 50, -8, (*WORK, "report", "confirm")),
    Given("重复交办件", "MB1A13", 15, 10, ("withdraw",), 0, "other", ""),
)
GIVERS = frozenset({"confirm", "send_back", "withdraw"})
NOTES = {
    "return": "此事项由县资规局主办，请另行交办", "report": "已办完，佐证材料存窗口备查",
    "send_back": "还有3件未销号，请继续办理", "withdraw": "与第19周通报交办事项重复", "confirm": "同意办结",
}  # fmt: skip


def at(days_ago: int, hour: int = 10) -> datetime:
    """Return an hour of the day so many days before the last day of the records; weekends are moved to Friday."""
    day = LAST - timedelta(days=days_ago)
    day -= timedelta(days=max(day.weekday() - 4, 0))
    return datetime.combine(day, time(hour), CHINA)


def load() -> int:
    """Make the items and meetings; return how many items stand."""
    staff = people.people(BY)
    office = actor_of_person(staff.get(staff_no=rows.demo_people()[Role.GENERAL]), LAST)
    for given in ITEMS:
        _item(given, office)
    parted(office)
    count = len(ITEMS) + 3
    return count + sum(meetings(office))


def _unit(code: str) -> Any:
    found = people.find_department(_codes()[code])
    assert found is not None, code
    return found


def _codes() -> dict[str, str]:
    from xinfu.demo.county import UNITS

    return {unit.serial: unit.name for unit in UNITS}


def _item(given: Given, office: Actor) -> Any:
    item = actions.give(
        title=given.title, department=_unit(given.unit), due_on=LAST + timedelta(days=given.due),
        source=given.source, source_name=given.source_name, by=office, at=at(given.ago),
    )  # fmt: skip
    for step, move in enumerate(given.moves, 1):
        by = office if move in GIVERS else BY
        item = actions.move_item(
            item=item, move=move, note=NOTES.get(move, ""), by=by, at=at(max(given.ago - 2 * step, 0), 11)
        )
        if move == "begin" and given.progress:
            item = actions.set_progress(
                item=item, progress=given.progress, note="按计划推进", by=BY,
                at=at(max(given.ago - 2 * step - 1, 0), 15),
            )  # fmt: skip
    return item


def parted(office: Actor) -> None:
    """Split one item in two, and ask another unit to take one of the parts over."""
    whole = _item(Given("企业开办全链条提速", "MB1A01", 28, 20, WORK, 30, "meeting", "4月工作例会"), office)
    for unit, title in (("MB1A06", "税务环节并联"), ("MB1A02", "社保登记同步")):
        part = actions.split(
            item=whole, title=title, department=_unit(unit), due_on=whole.due_on, by=BY, at=at(20)
        )
        actions.move_item(item=part, move="accept", by=BY, at=at(19))
        if unit == "MB1A02":
            actions.ask_transfer(
                item=part, department=_unit("MB1A03"), note="涉及医保参保登记", by=BY, at=at(3)
            )


def meetings(office: Actor) -> Iterator[int]:
    """Hold one meeting with its decisions and give them; notify another. Yields items made."""
    staff = people.people(BY)
    chair = staff.get(staff_no=rows.demo_people()[Role.LEADER])
    taker = staff.get(staff_no=rows.demo_people()[Role.GENERAL])
    units = [_unit(code) for code in ("MB1A04", "MB1A08", "MB1A11", "MB1A17")]
    lines = [
        Line("一季度超期办结情况", "资规、住建两家超期件较多，须逐件说明。", units[0].pk, "", 15),
        Line("线下收件补录", "4月线下收件未在平台登记的，5月底前补录完毕。", units[1].pk, "", 10),
        Line("承诺时限再压减", "", units[2].pk, "", 10),
    ]
    said: dict[str, Any] = {"chair": chair, "note_taker": taker, "by": office}
    held = actions.plan_meeting(
        title="5月工作例会", kind="work", starts_at=at(7, 14), place="三楼会议室", lines=lines,
        guests=[unit.pk for unit in units], text="通报4月办件情况，研究超期件整改", at=at(12), **said,
    )  # fmt: skip
    yield _held(held, units, office)
    planned = actions.plan_meeting(
        title="6月工作例会", kind="work", starts_at=datetime.combine(LAST + timedelta(days=8), time(9, 30), CHINA),
        place="三楼会议室", lines=[Line("5月指标晾晒情况", "", units[0].pk), Line("好差评整改进展", "", units[1].pk)],
        guests=[unit.pk for unit in units], at=at(1), **said,
    )  # fmt: skip
    actions.move_meeting(meeting=planned, move="notify", by=office, at=at(0))


def _held(meeting: Any, units: list[Any], office: Actor) -> int:
    actions.move_meeting(meeting=meeting, move="notify", by=office, at=at(11))
    meeting = actions.move_meeting(meeting=meeting, move="hold", by=office, at=at(7, 14))
    noted = ("present", "present", "late", "leave")
    came = [
        Came(one.pk, presence, "", "参加市局会议" if presence == "leave" else "")
        for one, presence in zip(meeting.attendees.order_by("pk"), noted, strict=True)
    ]
    actions.note_presence(meeting=meeting, came=came, by=office, at=at(7, 16))
    agenda = list(meeting.lines.order_by("place"))
    actions.note_said(
        meeting=meeting, line=agenda[0], said="多因测绘成果流转慢、补正次数多。", by=office, at=at(7, 16)
    )
    for line, unit, title, due in (
        (agenda[0], units[0], "测绘成果线上流转", 30),
        (agenda[1], units[1], "线下收件当日补录", 10),
    ):
        decided = actions.decide(
            meeting=meeting, title=title, department=unit, partners=[units[2]], line=line,
            due_on=date.fromordinal(LAST.toordinal() + due), by=office, at=at(7, 16),
        )  # fmt: skip
        actions.give_decision(decision=decided, by=office, at=at(7, 17))
    actions.move_meeting(meeting=meeting, move="close", by=office, at=at(6))
    return 2
