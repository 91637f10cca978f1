"""What the reports are made of: subjects, names of indicators in running text, periods. Pure and dated."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

SOURCE = "本机关半年工作总结的惯用板块（本地规定）"


@dataclass(frozen=True, slots=True)
class Subject:
    """A part of the office's work: what its report says, and who supplies it while it is not run here.

    `since`: from which day on the report has this part; `section`: code of the registered section that replaces it.
    """

    code: str
    heading: str
    what: str
    supplier: str
    since: date = date(2023, 1, 1)
    source: str = SOURCE


SUBJECTS = (
    Subject("ratings", "政务服务“好差评”", "好评率、差评整改和回访情况", "考评科"),
    Subject("suggestions", "高频涉企事项有效建议", "被省采纳的条数、在全市和全省的位次", "大数据管理中心"),
    Subject("environment", "政务环境改革", "改革任务数和进度、工作例会和部署会", "综合科"),
    Subject("appraisal", "进驻窗口考评", "纳入考评的窗口数、办法修订和系统运行情况", "考评科"),
    Subject("hall", "政务大厅", "共享空间、展示活动和预约情况", "综合科"),
    Subject("bundles", "增值服务和一件事改革", "增值服务案例数、一件事办理情况", "综合科"),
    Subject("photos", "一窗通拍", "拍摄和共用次数、推广情况", "综合科"),
    Subject("approvals", "重大项目审批代办", "联合评审、联合验收、联合踏勘的项目数", "代办中心"),
    Subject("concerns", "政企会客厅", "恳谈会次数、解决的问题数", "代办中心"),
    Subject("hours", "延时错时和自助服务", "延时错时办件、自助终端运行情况", "综合科"),
    Subject("outreach", "服务延伸下沉", "服务集市场次、下沉事项数、银行网点和联动事项数", "综合科"),
    Subject("intermediaries", "中介服务管理", "委托备案、评价和移出情况、系统建设进度", "中介科"),
    Subject("trading", "公共资源交易", "县级和乡镇（街道）交易项目数、成交额、增收节资额", "公管科"),
    Subject("tender_documents", "招标文件范本和文件清理", "清理的规范性文件数、示范文本应用情况", "公管科"),
    Subject("remote_evaluation", "远程异地评标", "项目建设进度、评标场次", "公管科"),
    Subject("rectification", "招投标专项整治", "排查项目数、移交线索数、扣分专家数、协助调查情况", "公管科"),
    Subject("team", "队伍建设", "专班清单、班子联系窗口、业务讲堂期数", "综合科"),
    Subject("plans", "下一步工作思路", "各项工作的目标和时间安排", "各科室"),
)
BY_CODE: Mapping[str, Subject] = {subject.code: subject for subject in SUBJECTS}

# How running text calls what the indicators count; the longest name that stands near a number decides.
NAMES: Mapping[str, tuple[str, ...]] = {
    "cases_total": ("办件总量", "办件量", "办理政务服务事项", "受理办件", "办件"),
    "cases_unified": ("2.0平台办件量", "2.0平台办理", "2.0平台", "2.0办理"),
    "one_net_rate": ("一网通办率", "一网通办"),
    "late_acceptance_rate": ("超期受理率", "超期受理"),
    "late_finish_rate": ("超期办结率", "超期办结"),
    "on_time_rate": ("按时办结率",),
    "early_finish_rate": ("提前办结率",),
    "mean_handling_days": ("平均办理用时", "平均用时"),
    "online_available_rate": ("网上可办率",),
    "mobile_available_rate": ("掌上可办率",),
    "instant_rate": ("即办率",),
    "promise_compression_rate": ("承诺时限压缩比", "时限压缩比"),
    "zero_visit_rate": ("跑零次率", "跑零次"),
}
DEPARTMENT_COLUMNS = ("cases_total", "cases_unified", "one_net_rate", "late_acceptance_rate")


def day_text(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def is_month_end(day: date) -> bool:
    return day.day == calendar.monthrange(day.year, day.month)[1]


def period_text(frm: date, to: date) -> str:
    """Return a period as running text writes it: 2023年1—5月, 2023年上半年, 2023年5月1日至6月3日."""
    if frm.year == to.year and frm.day == 1 and is_month_end(to):
        whole = {(1, 12): f"{frm.year}年", (1, 6): f"{frm.year}年上半年", (7, 12): f"{frm.year}年下半年"}
        named = whole.get((frm.month, to.month))
        if named:
            return named
        months = f"{frm.month}月" if frm.month == to.month else f"{frm.month}—{to.month}月"
        return f"{frm.year}年{months}"
    until = f"{to.month}月{to.day}日" if frm.year == to.year else day_text(to)
    return f"{day_text(frm)}至{until}"


def days_text(frm: date, to: date) -> str:
    """Return a period by its two days, for tables."""
    return day_text(frm) if frm == to else f"{day_text(frm)}至{day_text(to)}"


def half_text(frm: date) -> str:
    """Return the half-year that a report is about."""
    return f"{frm.year}年{'上' if frm.month <= 6 else '下'}半年"


def split_at_quarter(frm: date, to: date) -> tuple[tuple[date, date], tuple[date, date]] | None:
    """Return the first quarter and the rest of a period that starts with a year and goes beyond March, else None."""
    end = date(frm.year, 3, 31)
    if (frm.month, frm.day) != (1, 1) or to <= end or to.year != frm.year:
        return None
    return (frm, end), (end + timedelta(days=1), to)


def later_text(frm: date, to: date) -> str:
    """Return the later part without its year: 4—5月."""
    return period_text(frm, to).removeprefix(f"{frm.year}年")
