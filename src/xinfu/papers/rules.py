"""Numbers, layouts and forms of papers, each with its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

STANDARD = "GB/T 9704-2012 党政机关公文格式"


@dataclass(frozen=True, slots=True)
class Layout:
    """The page of one template version; lengths in hundredths of a millimetre, type in half points.

    A version is never changed once a paper was signed with it: a new one is added.
    """

    code: str
    version: int
    source: str
    page: tuple[int, int]
    top: int
    left: int
    text: tuple[int, int]
    lines: int
    characters: int
    body_font: str
    body_size: int
    title_font: str
    title_size: int
    heading_fonts: tuple[str, str, str, str]
    latin_font: str
    red: str
    red_head_size: int
    folio_size: int
    table_size: int


GB9704 = Layout(
    code="gb9704",
    version=1,
    source=STANDARD,
    page=(21000, 29700),
    top=3700,
    left=2800,
    text=(15600, 22500),
    lines=22,
    characters=28,
    body_font="仿宋_GB2312",
    body_size=32,
    title_font="方正小标宋简体",
    title_size=44,
    heading_fonts=("黑体", "楷体_GB2312", "仿宋_GB2312", "仿宋_GB2312"),
    latin_font="Times New Roman",
    red="C00000",
    red_head_size=72,
    folio_size=28,
    table_size=18,
)
LAYOUTS: Mapping[tuple[str, int], Layout] = {(GB9704.code, GB9704.version): GB9704}


@dataclass(frozen=True, slots=True)
class Form:
    """How one kind of paper looks: its red head (`{organ}` put in), the rule of its number's prefix, its layout."""

    head: str
    prefix_rule: str
    layout: tuple[str, int] = ("gb9704", 1)


FORMS: Mapping[str, Form] = {
    "letter": Form("{organ}", "papers.prefix_letter"),
    "bulletin": Form("{organ}文件", "papers.prefix"),
    "minutes": Form("{organ}会议纪要", "papers.prefix_minutes"),
    "report": Form("{organ}文件", "papers.prefix"),
    "notice": Form("{organ}文件", "papers.prefix"),
    "meeting": Form("{organ}会议材料", "papers.prefix_minutes"),
}

RETENTION = {"permanent": "永久", "30": "30年", "10": "10年"}
RETENTION_SOURCE = "机关文件材料归档范围和文书档案保管期限规定（国家档案局令第8号）"

PREFIX = re.compile(r"^[\u4e00-\u9fff]{2,12}$")


def check_prefix(value: object) -> str | None:
    if isinstance(value, str) and PREFIX.match(value):
        return None
    return "机关代字请填2到12个汉字，如“新政务”。"


def number_text(prefix: str, year: int, serial: int) -> str:
    """Return a document number such as 新政务〔2023〕12号: six-cornered brackets, no leading zero."""
    return f"{prefix}〔{year}〕{serial}号"


def day_text(day: date) -> str:
    """Return a date as running text writes it, without leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"
