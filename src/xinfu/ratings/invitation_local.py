"""The county's own numbers for inviting people to rate (本地规定; hall.md §1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from xinfu.core import local
from xinfu.core.permissions import Can
from xinfu.ratings import rating_local

INVITE = "ratings.invite"
AFTER_HOURS = "ratings.invite_after_hours"
CALL_AFTER_DAYS = "ratings.call_after_days"
WINDOW_DAYS = "ratings.invite_window_days"
A_NUMBER_A_DAY = "ratings.invitations_a_number"
CALLS_A_DAY = "ratings.calls_a_day"
CALL_TRIES = "ratings.invitation_call_tries"
TAISHUN = "温州市泰顺县2020年的做法：办结24小时后未评价的发短信邀评，满3天仍未评价的电话邀评；未见上位规定"


def _number(code: str, title: str, default: int, unit: str, source: str, low: int, high: int) -> None:
    local.declare(code, title=title, default=default, unit=unit, source=source, check=local.whole(low, high),
                  permission=Can.SET_LOCAL_RULES)  # fmt: skip


local.declare(
    INVITE,
    title="邀请未评价的办事人评价",
    default="on",
    unit="",
    source="默认值：开启；评价由省平台统一采集的县不邀请",
    check=local.one_of({"on": "邀请", "off": "不邀请"}),
    permission=Can.SET_LOCAL_RULES,
)
_number(AFTER_HOURS, "办结多久后未评价的发短信邀评", 24, "小时", TAISHUN, 1, 720)
_number(CALL_AFTER_DAYS, "办结多久后仍未评价的列入电话邀评", 3, "天", TAISHUN, 1, 60)
_number(
    WINDOW_DAYS,
    "短信只发给多少天内办结的（电话邀评再加等候的天数）",
    7,
    "天",
    "默认值：以免刚启用或补录数据时大批发送",
    2,
    90,
)
_number(A_NUMBER_A_DAY, "同一号码一天最多收到邀评短信", 2, "条", "默认值：不打扰代办人和多次办事的人", 1, 20)
_number(CALLS_A_DAY, "电话邀评名单最多列", 50, "件", "默认值：按人手定", 1, 2000)
_number(CALL_TRIES, "电话邀评未接通最多拨打", 2, "天", "默认值：每天一次", 1, 10)


@dataclass(frozen=True, slots=True)
class Inviting:
    """What is in force on a day."""

    is_on: bool
    after: timedelta
    call_after: timedelta
    window: timedelta
    a_number: int
    calls: int
    tries: int


def on(day: date) -> Inviting:
    def number(code: str) -> int:
        return int(local.on(code, day).value)

    return Inviting(
        is_on=rating_local.has_local_pages(day) and bool(local.on(INVITE, day).value == "on"),
        after=timedelta(hours=number(AFTER_HOURS)),
        call_after=timedelta(days=number(CALL_AFTER_DAYS)),
        window=timedelta(days=number(WINDOW_DAYS)),
        a_number=number(A_NUMBER_A_DAY),
        calls=number(CALLS_A_DAY),
        tries=number(CALL_TRIES),
    )
