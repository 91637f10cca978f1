"""The indicators of ratings as data (hall.md §1.7): numerator and denominator over the views of `snapshot`."""

from __future__ import annotations

from datetime import date

from xinfu.core.registry import Indicator, Part, derived_views, indicators, snapshot_views
from xinfu.ratings import snapshot
from xinfu.ratings.statistics_local import SMALLEST_GROUP

SINCE = date(2021, 1, 1)
NATIONAL = "GB/T 39735-2020、GB/T 39734-2020（名称）；"
PRINTED = "嵊州市2024年公布值 80,955 ÷ 81,129 = 99.79%，以主动评价为分母，保留两位小数"
DERIVED = "计数口径由本地规定（国家标准公开部分未见公式）"
GRAINS = ("month", "week", "department", "window", "town", "item")
ACTIVE = "NOT is_default AND NOT is_excluded"
VALID_DUE = "NOT is_excluded AND NOT cannot_out"
RECTIFIED = "status = '21' AND finished_on <= $to"


def _of_ratings(
    code: str,
    title: str,
    counts: str,
    formula: str,
    numerator: Part,
    *,
    source: str,
    better: str = "up",
    unit: str = "%",
) -> Indicator:
    return Indicator(
        code=code, title=title, counts=counts, formula=formula, view="ratings", dated_by="rated_on",
        dated_label="评价日", numerator=numerator, denominator=Part("TRUE"), unit=unit, better=better,
        source=source, valid_from=SINCE, grains=GRAINS, base=ACTIVE, few=SMALLEST_GROUP,
    )  # fmt: skip


def _of_ratable(code: str, title: str, counts: str, formula: str, measure: str, better: str) -> Indicator:
    return Indicator(
        code=code, title=title, counts=counts, formula=formula, view="ratable", dated_by="counted_on",
        dated_label="办件按办结日、评价按评价日", numerator=Part("TRUE", measure),
        denominator=Part("TRUE", "cases"), unit="%", better=better, source=NATIONAL + DERIVED,
        valid_from=SINCE, grains=GRAINS, few=SMALLEST_GROUP,
    )  # fmt: skip


def _of_bad(
    code: str,
    title: str,
    counts: str,
    formula: str,
    numerator: str,
    denominator: str,
    source: str,
    dated: tuple[str, str] = ("rated_on", "评价日"),
) -> Indicator:
    return Indicator(
        code=code, title=title, counts=counts, formula=formula, view="bad_ratings", dated_by=dated[0],
        dated_label=dated[1], numerator=Part(f"{denominator} AND {numerator}"), denominator=Part(denominator),
        unit="%", better="up", source=source, valid_from=SINCE, grains=GRAINS, base="NOT is_default",
    )  # fmt: skip


DUE = ("rectify_due_on", "整改期限")
"""Counted in the period in which the term ends: with fifteen working days most of a month's fall into the next."""

RATINGS = (
    _of_ratings(
        "good_rating_rate", "好评率",
        "主动评价中好评的比例；系统默认评价和申诉成立的差评不计，追评计入；“基本满意”是否算好评由本地规定",
        "好评数 ÷ 主动评价数", Part("is_good"), source=PRINTED,
    ),
    _of_ratings(
        "bad_rating_rate", "差评率", "主动评价中“不满意”“非常不满意”的比例",
        "差评数 ÷ 主动评价数", Part("is_bad"), better="down",
        source="《浙江省建立政务服务“好差评”制度工作方案》（2019年）公布差评率；" + DERIVED,
    ),
    _of_ratable(
        "active_rating_rate", "主动评价率",
        "可评价办件（默认为正常办结的，分母由本地规定）中得到主动评价的比例；匿名评价不留办件编号，评价按评价日计，"
        "此前办结的件在本期评价的也计入，期间短时可超过100%",
        "主动评价数（首次、办结环节）÷ 可评价办件数", "rated", "up",
    ),
    _of_ratings(
        "active_good_rate", "主动评价好评率", "主动评价中好评的比例；名称出自国家标准，公式与好评率一致",
        "主动评价中的好评数 ÷ 主动评价数", Part("is_good"), source=NATIONAL + DERIVED,
    ),
    _of_ratable(
        "unrated_rate", "未评价率", "可评价办件（分母同主动评价率）中没有得到主动评价的比例，期间短时可为负",
        "（可评价办件数－主动评价数）÷ 可评价办件数", "cases - rated", "down",
    ),
    _of_ratings(
        "mean_rating", "评价综合得分", "主动评价满意度（1至5分）的平均数",
        "满意度分值合计 ÷ 主动评价数", Part("TRUE", "level"), source=DERIVED, unit="分",
    ),
    _of_bad(
        "bad_rectified_rate", "差评整改率", "整改期限在期内的有效差评中，到期末整改完成的比例；申诉成立的不计；转办的计入承办单位",
        "整改完成数 ÷ 期内到期的有效差评数", RECTIFIED, VALID_DUE, DERIVED, DUE,
    ),
    _of_bad(
        "bad_on_time_rate", "差评按期整改率", "整改期限在期内的有效差评中按期整改完成的比例；转办的计入承办单位",
        "按期整改完成数 ÷ 期内到期的有效差评数", f"{RECTIFIED} AND finished_on <= rectify_due_on", VALID_DUE,
        "名称见嵊州市2024年公布；" + DERIVED, DUE,
    ),
    _of_bad(
        "bad_called_back_rate", "差评回访率", "差评中已回访评价人的比例，匿名差评计入分母",
        "已回访数（含按本地规定次数拨打未接通的）÷ 差评数", "is_called_back", "TRUE", DERIVED,
    ),
    _of_bad(
        "named_called_back_rate", "实名差评回访率", "实名差评中已回访评价人的比例，要求达到100%",
        "已回访的实名差评数（含按本地规定次数拨打未接通的）÷ 实名差评数", "is_called_back", "NOT is_anonymous",
        "国办发〔2019〕51号：实名差评回访率100%",
    ),
    _of_bad(
        "appeal_checked_rate", "申诉回访核实率", "提出申诉的差评中，审核单位已向评价人电话核实的比例",
        "已电话核实的申诉数 ÷ 申诉数", "is_appeal_checked", "is_appealed", "名称见嵊州市2024年公布；" + DERIVED,
    ),
)  # fmt: skip


def register() -> None:
    """Register views and indicators with the house, once."""
    for view in snapshot.VIEWS:
        if view.name not in snapshot_views:
            snapshot_views.add(view.name, view)
    if snapshot.RATABLE.name not in derived_views:
        derived_views.add(snapshot.RATABLE.name, snapshot.RATABLE)
    for indicator in RATINGS:
        if indicator.code not in indicators:
            indicators.add(indicator.code, indicator)
