"""Text of single cells: cleaned on the way in, made harmless on the way out."""

import re

WIDE = "".join(
    map(chr, (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B), 0x3000, 0xA0))
)
"""Full-width digits and letters, the ideographic and the unbreakable space: for SQL's translate(x, WIDE, NARROW)."""
NARROW = "".join(map(chr, (*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), 0x20, 0x20)))

_TABLE = str.maketrans(WIDE, NARROW, "\ufeff\u200b\u200c\u200d\u2060")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[－．／：](?=[0-9])")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def clean(text: str) -> str:
    """Return the text as it was meant: full-width digits and letters narrow, marks without width gone, trimmed.

    Full-width hyphens, points, slashes and colons become narrow between digits only, so that dates and numbers
    are understood and sentences stay as they are.
    """
    text = text.translate(_TABLE).strip()
    return _BETWEEN_DIGITS.sub(lambda match: chr(ord(match[0]) - 0xFEE0), text)


def safe_cell(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe before = + - @ and the like."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
