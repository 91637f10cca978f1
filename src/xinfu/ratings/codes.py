"""The national reasons of a rating (hall.md §1.3), level by level, and which a county offers: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from xinfu.ratings.triage import BAD_REASONS

SINCE = date(2020, 5, 1)
SOURCE = "全国一体化在线政务服务平台“好差评”评价指标（2020年）"
CORE_A_LEVEL = 3
"""The first three of each level are core options; the others a province may switch on."""

GOOD_REASONS: Mapping[str, str] = {
    "307": "一次性告知需要补正的材料",
    "308": "提供申报材料样本",
    "309": "在承诺的时间内办结",
    "310": "办事指南指引准确",
    "311": "按办事指南要求的材料即可办理",
    "312": "可以快递送达",
    "313": "跑动次数与承诺的一致",
    "314": "服务态度一般",
    "406": "填写一张表单就可完成申报",
    "407": "在线提交材料窗口核验",
    "408": "一张清单告知全部申报材料",
    "409": "用告知承诺减免申报材料",
    "410": "可以在线预约办理",
    "411": "跑大厅一次办完",
    "412": "可以使用自助机办理",
    "413": "服务态度较好",
    "510": "一窗受理一次办结",
    "511": "可以先受理后补材料",
    "512": "不用提交证明",
    "513": "可以全程网上办理",
    "514": "可以使用手机办理",
    "515": "可以就近办理",
    "516": "无需材料直接办理",
    "517": "服务热情效率高",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One option of the list; its level is the first digit of its code."""

    code: str
    text: str
    is_core: bool

    @property
    def level(self) -> int:
        return int(self.code[0])


def _listed() -> dict[str, Reason]:
    texts = {**BAD_REASONS, **GOOD_REASONS}
    levels = [sorted(code for code in texts if code[0] == str(level)) for level in range(1, 6)]
    return {
        code: Reason(code, texts[code], place < CORE_A_LEVEL)
        for of_level in levels
        for place, code in enumerate(of_level)
    }


REASONS: Mapping[str, Reason] = _listed()


def offered(level: int, on: Collection[str]) -> list[Reason]:
    """Return the options of a level: the core ones, and of the others those switched on."""
    return [r for r in REASONS.values() if r.level == level and (r.is_core or r.code in on)]
