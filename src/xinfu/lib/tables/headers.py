"""Finding the row of column names under titles and merged heads."""

from collections.abc import Collection, Iterable, Sequence

from xinfu.lib.tables.cells import clean
from xinfu.lib.tables.shapes import HEADER_ROWS, TableError


def find_header(
    rows: Iterable[tuple[int, Sequence[str]]], expected: Collection[str]
) -> tuple[int, list[str]]:
    """Return the number and the cleaned names of the header among the first rows.

    Where names are expected it is the row with most of them; else the first row with at least two names, or, in a
    table of one column, the first that says anything. Unnamed columns between named ones get the name 第 n 列.

    Raises TableError: header_not_found, header_duplicate.
    """
    candidates = [(number, names) for number, cells in rows if any(names := _names(cells))]
    if not candidates:
        raise TableError("empty", "文件里没有任何内容。")
    if expected:
        wanted = {clean(name) for name in expected}
        number, names = max(candidates, key=lambda row: (len(wanted & set(row[1])), -row[0]))
        if not wanted & set(names):
            some = "、".join(list(expected)[:5])
            raise TableError("header_not_found", f"前 {HEADER_ROWS} 行里没有找到表头，应有“{some}”等列。")
    else:
        wide = (row for row in candidates if sum(map(bool, row[1])) > 1)
        number, names = next(wide, candidates[0])
    return number, checked_names(names, number)


def _names(cells: Sequence[str]) -> list[str]:
    """Clean the names and drop unnamed columns at the end."""
    names = [" ".join(clean(cell).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def checked_names(names: Sequence[str], row: int | None = None) -> list[str]:
    """Return the cleaned names, the unnamed ones called 第 n 列; TableError("header_duplicate") for a name twice.

    Names that differ in case only are the same, as they are to every database.
    """
    checked = [" ".join(clean(name).split()) or f"第{position}列" for position, name in enumerate(names, 1)]
    seen: dict[str, int] = {}
    for position, name in enumerate(checked, 1):
        first = seen.setdefault(name.lower(), position)
        if first != position:
            reason = f"列名“{name}”重复：第 {first} 列和第 {position} 列。请改名后上传。"
            raise TableError("header_duplicate", reason, row)
    return checked
