"""Numbers in Chinese running text: where they stand, what they are worth, how exactly they are said. Pure.

Found are 108万件, 30.83亿元, 99.11%, 26个, 1,234, 百分之九十九点一, 二十六个, 全市第1. Dates, years, times, document
numbers, heading marks, reference marks [3], names such as “1253” or 55+X, and the article-like 一个 are no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
TENS = {"十": 10, "百": 100, "千": 1000}
SCALES = {"": 1, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000, "万亿": 10**12}
UNITS = (
    "个百分点", "百分点", "%", "％", "‰", "元", "件", "个工作日", "工作日", "个自然日", "个月", "人次", "个", "项", "宗",
    "条", "次", "名", "起", "期", "家", "户", "人", "处", "天", "小时", "分钟", "公里", "场", "份", "辆", "位", "所", "间",
)  # fmt: skip
SAME_UNIT = {
    "％": "%",
    "个百分点": "百分点",
    "个工作日": "工作日",
    "个自然日": "自然日",
    "宗": "项",
    "位": "名",
    "人": "名",
    "场": "次",
}
RANK = "名次"
UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
CHINESE = "[零〇一二两三四五六七八九十百千万亿]"
CHINESE_DIGIT = "[零〇一二三四五六七八九]"

NOT_NUMBERS = re.compile(
    "|".join(
        (
            r"\d{4}\s*[—–-]\s*\d{4}年",
            r"\d{4}年(?:度|上半年|下半年)?(?:\d{1,2}\s*[—–至~-]\s*\d{1,2}月份?|\d{1,2}月(?:\d{1,2}日)?)?",
            r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}",
            r"\d{1,2}月\d{1,2}日(?:\s*[—–至~-]\s*(?:\d{1,2}月)?\d{1,2}日)?",
            r"\d{1,2}\s*[—–至~-]\s*\d{1,2}月份?",
            r"\d{1,2}月(?:份|底|初|中旬|上旬|下旬)?",
            r"\d{1,2}日(?!均)",
            r"\d{1,2}[:：]\d{2}(?:[:：]\d{2})?",
            r"[〔\[（(]\d{4}[〕\]）)]\s*\d+号",
            r"\d+号",
            r"\[\d{1,3}\]",
            rf"[“‘](?:\d+|{CHINESE}+)[^”’]{{0,8}}[”’]",
            r"\"\d+\"",
            r"\d+\s*\+\s*[A-Za-zＸ]",
            r"[A-Za-z]+[-_]?\d[\dA-Za-z.-]*",
            r"\d+(?:\.\d+)?[A-Za-z]\w*",
            r"\d\.0(?=平台|版|系统|办理|上)",
            r"24小时自助",
            r"15分钟(?:政务|便民|办事)?(?:服务)?圈",
            rf"(?:第|星期|周){CHINESE}+(?:条|款|章|节|批|期|届|次|季度|阶段|步|方|十)?",
            r"第\d+(?:名|位|条|款|项|章|节|批|期|届|次|周|季度|页|版)?",
            rf"{CHINESE_DIGIT}{{4}}年",
            r"[一二三四]季度",
        )
    )
)
HEAD_MARK = re.compile(
    r"^[\s　]*(?:[一二三四五六七八九十]{1,3}、|（[一二三四五六七八九十\d]{1,3}）|\d{1,2}[.．、](?!\d))"
)
RANKED = re.compile(
    rf"(?P<where>全国|全省|全市|全县|排名|名列|位列|位居)[^，。；：\d第]{{0,4}}(?P<text>第(?P<digits>\d{{1,4}}|{CHINESE}{{1,4}})(?:名|位)?)"
)
PARTS = re.compile(rf"(?P<of>百分之|千分之)(?P<whole>{CHINESE}+|\d+)(?:[点.](?P<rest>{CHINESE_DIGIT}+|\d+))?")
ARABIC = re.compile(
    r"(?<![\d.,])(?P<digits>\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.(?P<rest>\d+))?"
    rf"(?P<scale>万亿|[百千万亿])?(?P<about>余|多)?(?P<unit>{UNIT})?"
)
WRITTEN = re.compile(
    rf"(?P<digits>{CHINESE}+)(?:点(?P<rest>{CHINESE_DIGIT}+))?(?P<about>余|多)?(?P<unit>{UNIT})"
)
FULL_WIDTH = str.maketrans("０１２３４５６７８９．％", "0123456789.%")


@dataclass(frozen=True, slots=True)
class Token:
    """One number: its place in the line, its exact value in the base unit, and the worth of its last digit.

    `about` is set where 余 or 多 says that it is somewhat more.
    """

    start: int
    end: int
    text: str
    value: Fraction
    step: Fraction
    unit: str
    about: bool = False


def chinese_value(text: str) -> int | None:
    """Return the worth of a Chinese numeral: 二十六, 一百零二, 一亿三千万, 二〇二三; None where it is none."""
    if not text or any(c not in DIGITS and c not in TENS and c not in "万亿" for c in text):
        return None
    if all(c in DIGITS for c in text):
        return int("".join(str(DIGITS[c]) for c in text)) if len(text) == 1 or "两" not in text else None
    for mark, worth in (("亿", 10**8), ("万", 10**4)):
        if mark in text:
            head, _, tail = text.rpartition(mark)
            above = chinese_value(head) if head else None
            below = _below(tail, worth)
            return None if above is None or below is None else above * worth + below
    return _thousands(text)


def _below(tail: str, worth: int) -> int | None:
    """Return what follows 万 or 亿; a single digit there means tenths, as in 三万五."""
    if not tail:
        return 0
    if len(tail) == 1 and tail in DIGITS:
        return DIGITS[tail] * worth // 10
    return chinese_value(tail)


def _thousands(text: str) -> int | None:
    total, digit, last = 0, None, 10_000
    for place, char in enumerate(text):
        if char in TENS:
            worth = TENS[char]
            if worth >= last or (digit is None and not (char == "十" and place == 0)):
                return None
            total += (1 if digit is None else digit) * worth
            digit, last = None, worth
        elif digit:
            return None
        else:
            digit = DIGITS[char]
    if digit is None:
        return total
    tenths = len(text) >= 2 and text[-2] in TENS and text[-2] != "十"
    return total + digit * (last // 10 if tenths else 1)


def tokens(line: str) -> list[Token]:
    """Return the numbers of one line, in order."""
    plain = line.translate(FULL_WIDTH)
    free = _masked(plain)
    found: list[Token] = []
    for reader in (_ranks, _parts, _arabic, _written):
        for token in reader(plain, free):
            if all(token.end <= t.start or token.start >= t.end for t in found):
                found.append(token)
    return sorted(found, key=lambda t: t.start)


def _masked(text: str) -> str:
    """Return the text with everything blanked that looks like a number and is none."""
    blank = HEAD_MARK.sub(lambda m: " " * len(m[0]), text)
    return NOT_NUMBERS.sub(lambda m: " " * len(m[0]), blank)


def _unit(text: str | None) -> str:
    return SAME_UNIT.get(text or "", text or "")


def _ranks(text: str, free: str) -> Iterator[Token]:
    for found in RANKED.finditer(text):
        digits = found["digits"]
        value = int(digits) if digits.isdigit() else chinese_value(digits)
        if value:
            yield Token(
                found.start("text"), found.end("text"), found["text"], Fraction(value), Fraction(1), RANK
            )


def _parts(text: str, free: str) -> Iterator[Token]:
    for found in PARTS.finditer(free):
        said = found["whole"]
        whole = int(said) if said.isdigit() else 100 if said == "百" else chinese_value(said)
        rest = _decimals(found["rest"])
        if whole is None:
            continue
        value, step = Fraction(f"{whole}.{rest}") if rest else Fraction(whole), Fraction(1, 10 ** len(rest))
        share = Fraction(1) if found["of"] == "百分之" else Fraction(1, 10)
        yield Token(found.start(), found.end(), found[0], value * share, step * share, "%")


def _decimals(text: str | None) -> str:
    return (
        ""
        if not text
        else text
        if text.isdigit() and text.isascii()
        else "".join(str(DIGITS[c]) for c in text)
    )


def _arabic(text: str, free: str) -> Iterator[Token]:
    for found in ARABIC.finditer(free):
        rest = found["rest"] or ""
        scale = Fraction(SCALES[found["scale"] or ""])
        unit = _unit(found["unit"])
        if unit == "‰":
            scale, unit = scale / 10, "%"
        digits = found["digits"].replace(",", "")
        value = Fraction(f"{digits}.{rest}") if rest else Fraction(digits)
        yield Token(
            found.start(),
            found.end(),
            found[0],
            value * scale,
            scale / 10 ** len(rest),
            unit,
            bool(found["about"]),
        )


def _written(text: str, free: str) -> Iterator[Token]:
    for found in WRITTEN.finditer(free):
        digits = found["digits"]
        whole = chinese_value(digits)
        if whole is None or digits == "一":
            continue
        rest = _decimals(found["rest"])
        value = Fraction(f"{whole}.{rest}") if rest else Fraction(whole)
        step = Fraction(1, 10 ** len(rest)) if rest else Fraction(_last_place(digits))
        yield Token(
            found.start(), found.end(), found[0], value, step, _unit(found["unit"]), bool(found["about"])
        )


def _last_place(digits: str) -> int:
    """Return the worth of the last place of a written number: 108万 would be said to the nearest 万."""
    for mark in ("亿", "万"):
        if digits.endswith(mark):
            return SCALES[mark]
    return 1


# --- against the figures we know --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A figure that a number may be: its names, the group it belongs to (a unit, a quarter), its exact value.

    `group_days`: a quarter's two days, as tables write them.
    """

    key: str
    title: str
    names: tuple[str, ...]
    group: str
    value: Fraction
    unit: str
    printed: str
    period: str
    cutoff: str
    origin: str
    url: str
    group_days: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was found about one number: ticked (√), struck (×, `known` says ours), unknown (？)."""

    line: int
    token: Token
    verdict: str
    known: Known | None
    context: str


QUOTES = str.maketrans("", "", '“”"‘’「」《》 　')
STOPS = "。；！？\n"
SPECIFIC_DIGITS = 3


def fits(token: Token, value: Fraction) -> bool:
    """Tell whether an exact value, rounded half-up as the text does, is what the text says."""
    if token.about:
        return token.value <= value < token.value + token.step
    scaled = abs(value) / token.step
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole) * token.step == token.value


def is_specific(token: Token) -> bool:
    """Tell whether a number is unlikely to agree by chance: three digits that matter, or more."""
    digits = str(int(token.value / token.step)) if token.step else "0"
    return len(digits) >= SPECIFIC_DIGITS


def same_unit(token: Token, known: Known) -> bool:
    if token.unit == _unit(known.unit):
        return True
    return not token.unit and known.unit != "%" and is_specific(token)


def clause(line: str, token: Token, before: int, after: int) -> str:
    """Return the words about a number: from the number or sentence before it to the next stop."""
    start = max([before, *(line.rfind(stop, 0, token.start) + 1 for stop in STOPS)])
    ends = [place for stop in "，、：" + STOPS if (place := line.find(stop, token.end)) >= 0]
    return line[start : min([after, token.end + 12, *ends])].translate(QUOTES)


def judge(line: str, token: Token, words: str, knowns: Sequence[Known]) -> tuple[str, Known | None]:
    """Return the verdict about one number and the figure that it rests on."""
    alike = [k for k in knowns if same_unit(token, k)]
    reach = _reach(line, token, words, alike)
    near = [(max(len(n) for n in named), k) for k in reach if (named := [n for n in k.names if n in words])]
    if near:
        best = max(length for length, _ in near)
        closest = [k for length, k in near if length == best]
        agreeing = next((k for k in closest if fits(token, k.value)), None)
        if agreeing:
            return "ticked", agreeing
        return ("struck", closest[0]) if token.unit else ("unknown", None)
    same = next((k for k in reach if fits(token, k.value)), None)
    return ("ticked", same) if same and is_specific(token) else ("unknown", None)


def _reach(line: str, token: Token, words: str, alike: Sequence[Known]) -> list[Known]:
    """Return the figures that a number may mean: those of the unit or quarter that the sentence names.

    The county's own figures stay in reach for what the named one has no figure of.
    """
    start = max(line.rfind(stop, 0, token.start) for stop in STOPS) + 1
    sentence = line[start : token.start].translate(QUOTES) + words
    named = {k.group for k in alike if k.group and _is_named(k, sentence, line)}
    inside = [k for k in alike if k.group in named]
    taken = {name for k in inside for name in k.names}
    return inside + [k for k in alike if not k.group and not taken & set(k.names)]


def _is_named(known: Known, sentence: str, line: str) -> bool:
    """Tell whether the sentence names the figure's group, or a table's row its period by both days."""
    return known.group in sentence or bool(known.group_days and known.group_days in line)


def check(lines: Sequence[str], knowns: Sequence[Known]) -> list[Mark]:
    """Return the verdict on every number of a text."""
    marks = []
    for place, line in enumerate(lines):
        found = tokens(line)
        for n, token in enumerate(found):
            before = found[n - 1].end if n else 0
            after = found[n + 1].start if n + 1 < len(found) else len(line)
            words = clause(line, token, before, after)
            marks.append(Mark(place, token, *judge(line, token, words, knowns), words))
    return marks


# --- arithmetic -------------------------------------------------------------------------------------


def percent(numerator: int, denominator: int) -> Fraction:
    return Fraction(numerator * 100, denominator)


def decimal_of(value: Fraction) -> Decimal:
    """Return a value of finite decimals as a decimal number."""
    return Decimal(value.numerator) / Decimal(value.denominator)
