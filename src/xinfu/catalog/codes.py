"""Code sets of service items with their sources: GB/T 39046-2020 annex A and the national exchange tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xinfu.catalog.rules import clean_code

GB = "GB/T 39046-2020 附录A"
EXCHANGE = "全国一体化平台数据交换表"


@dataclass(frozen=True, slots=True)
class CodeSet:
    """One code set with its source; `extension` is a pattern of codes that a province may add."""

    name: str
    source: str
    codes: Mapping[str, str]
    extension: str = ""

    def find(self, text: str) -> str | None:
        """Return the code meant by a code, a code that lost its leading zeros, or a label; None where unknown."""
        plain = clean_code(text)
        width = max(len(code) for code in self.codes)
        for candidate in (plain, *(re.sub(r"\.0$", "", plain).lstrip("0").zfill(n) for n in (width, 1))):
            if candidate in self.codes or (self.extension and re.fullmatch(self.extension, candidate)):
                return candidate
        return next((code for code, label in self.codes.items() if plain in _names(label)), None)

    def label(self, code: str) -> str:
        return self.codes.get(code, f"地方扩展 {code}" if code else "")


def _names(label: str) -> tuple[str, ...]:
    """Return the label and its short form: 行政许可 is also written 许可, 县级 also 县."""
    return (label, label.removeprefix("行政"), label.removesuffix("级"), label + "级")


TASK_TYPE = CodeSet(
    "事项类型",
    f"{GB} A.1",
    {
        "01": "行政许可", "02": "行政处罚", "03": "行政强制", "04": "行政征收", "05": "行政给付", "06": "行政检查",
        "07": "行政确认", "08": "行政奖励", "09": "行政裁决", "10": "其他行政权力", "20": "公共服务",
    },
    extension=r"1[1-9]",
)  # fmt: skip
USE_LEVEL = CodeSet(
    "行使层级",
    f"{GB} A.2",
    {
        "1": "国家级",
        "2": "省级",
        "3": "市级",
        "4": "县级",
        "5": "镇（乡、街道）级",
        "6": "村（社区）级",
        "7": "分级管理",
    },
)
DEPT_TYPE = CodeSet(
    "实施主体性质", f"{GB} A.3", {"1": "法定机关", "2": "授权组织", "3": "受委托组织", "9": "其他"}
)
SERVER_TYPE = CodeSet(
    "服务对象",
    f"{GB} A.4",
    {"1": "自然人", "2": "企业法人", "3": "事业法人", "4": "社会组织法人", "5": "行政机关", "6": "其他"},
)
HANDLE_TYPE = CodeSet(
    "办理形式", f"{GB} A.5", {"1": "窗口", "2": "电脑端", "3": "移动端", "4": "快递", "9": "其他"}
)
PROJECT_TYPE = CodeSet("办件类型", f"{GB} A.6", {"1": "即办件", "2": "承诺件", "9": "其他"})
SPECIAL_PROCEDURE = CodeSet("特别程序种类", f"{GB} A.7", {"1": "延长审批", "2": "除延长审批之外的情况"})
POWER_SOURCE = CodeSet(
    "权力来源",
    EXCHANGE,
    {
        "1": "法定本级行使",
        "2": "上级下放",
        "3": "上级授权",
        "4": "同级授权",
        "5": "上级委托",
        "6": "同级委托",
    },
)
ONLINE_DEPTH = CodeSet(
    "网上办理深度",
    EXCHANGE,
    {
        "1": "咨询", "2": "收件", "3": "预审", "4": "受理", "5": "办理", "6": "结果反馈", "7": "电子证照反馈", "9": "其他",
    },
)  # fmt: skip
DAY_KIND = CodeSet(
    "时限单位",
    "本地规定：交换标准的单位代码未见原文，按文字收",
    {"workday": "工作日", "calendar": "自然日", "month": "月", "year": "年", "none": "无期限"},
)
