"""Makes the reference county through the same commands and actions that a real county uses.

Every step leaves a mark in XINFU_HOME/demo.json, so that a stopped demonstration goes on where it was and a second
start does nothing. A home that already holds another county's records is refused.
"""

from __future__ import annotations

import csv
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from xinfu.core.access import ROLE_LABELS
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.demo import assignments, generate, ratings, rows, suggestions
from xinfu.indicators import actions as indicators
from xinfu.people import actions as people
from xinfu.people import queries as people_queries
from xinfu.people.session import actor_of_account

BY = system("demo")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demonstration lives and how large it is."""

    home: Path
    targets: generate.Targets

    @property
    def notes(self) -> Path:
        return self.home / "demo.json"

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self.notes.read_text())) if self.notes.exists() else {}

    def note(self, **facts: Any) -> None:
        fresh = self.notes.with_suffix(".new")
        fresh.write_text(json.dumps({**self.read(), **facts}, ensure_ascii=False, indent=1))
        fresh.replace(self.notes)


def build(demo: Demo, *, at: datetime, say: Say) -> bool:
    """Make what is missing; return whether anything was made.

    Raises Refused: the home holds records that no demonstration made, or a demonstration of another size.
    """
    known = demo.read()
    if not known and people_queries.departments(BY).exists():
        raise Refused("not_empty", "这个数据目录已有别的机构数据，演示县不会混入。请另设 XINFU_HOME 再运行。")
    if known.get("total", demo.targets.total) != demo.targets.total:
        raise Refused("other_size", f"这里的演示县有 {known['total']:,} 件办件，请另设 XINFU_HOME 再换规模。")
    demo.note(total=demo.targets.total)
    steps: Mapping[str, Callable[[], None]] = {
        "机构、窗口、人员和角色": lambda: _people(at),
        "演示账号": lambda: _accounts(demo, at, say),
        "事项目录": lambda: _catalogue(demo),
        "造出办件记录": lambda: _records(demo),
        "导入办件": lambda: _cases(demo, say),
        "导入全省排名，设定目标": lambda: _ranks(demo, at),
        "导入评价": lambda: _ratings(demo, at, say),
        "处置差评": lambda: _loops(demo, say),
        "交办事项和会议": lambda: say(f"    {assignments.load():,} 件"),
        "涉企事项建议": lambda: suggestions.build(_folder(demo), at, say),
    }
    done = set(known.get("done", []))
    for name, step in steps.items():
        if name not in done:
            say(f"· {name}")
            step()
            done.add(name)
            demo.note(done=sorted(done))
    return len(done) > len(known.get("done", []))


def _people(at: datetime) -> None:
    for load, listed in (
        (people.load_departments, rows.departments()),
        (people.load_windows, rows.windows()),
        (people.load_people, rows.people()),
        (people.load_roles, rows.roles()),
    ):
        loaded = load(rows=listed, by=BY, at=at)
        if loaded.faults:
            raise AssertionError(f"the demonstration's own rows are bad: {loaded.faults[:3]}")


def _accounts(demo: Demo, at: datetime, say: Say) -> None:
    """Open one account for each role, with a password made now and printed once."""
    named, printed = [], []
    for role, staff_no in rows.demo_people().items():
        username = str(role).replace("_", "-")
        password = "-".join(secrets.token_hex(2) for _ in range(3)) + "-Xf"
        _account(username, staff_no, password, at)
        named.append({"username": username, "role": ROLE_LABELS[role][0]})
        printed.append(f"    {ROLE_LABELS[role][0]:<12}\t{username:<16}\t{password}")
    (demo.home / "demo-accounts.json").write_text(json.dumps(named, ensure_ascii=False, indent=1))
    say("演示账号（口令只显示这一次；忘记了就换一个 XINFU_HOME 重新生成）：\n" + "\n".join(printed))


def _account(username: str, staff_no: str, password: str, at: datetime) -> None:
    """Open an account and put the printed password in place of the temporary one, as its owner would."""
    person = people_queries.people(BY).get(staff_no=staff_no)
    account, temporary = people.open_account(username=username, person=person, by=BY, at=at)
    owner = actor_of_account(account)
    people.change_password(account=account, old=temporary, new=password, by=owner, at=at)


def _write_csv(path: Path, listed: Iterable[Mapping[str, str]]) -> Path:
    table = list(listed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def _folder(demo: Demo) -> Path:
    return demo.home / "demo"


def _catalogue(demo: Demo) -> None:
    path = _write_csv(_folder(demo) / "items.csv", rows.catalogue())
    call_command("import_items", str(path), mapping="zj-item", stdout=(out := StringIO()), stderr=StringIO())
    _all_taken_in("items", out.getvalue())


def _records(demo: Demo) -> None:
    generate.write(_folder(demo), demo.targets)


def _cases(demo: Demo, say: Say) -> None:
    folder = _folder(demo)
    for path in [*sorted(folder.glob("cases-*.csv")), folder / "pauses.csv"]:
        mapping = "zj-pause" if path.name == "pauses.csv" else "zj-case"
        call_command("import_cases", str(path), mapping=mapping, stdout=(out := StringIO()))
        counts = _all_taken_in(path.name, out.getvalue())
        say(f"    {path.name}：{counts['read']:,} 行，{counts['seconds']:.1f} 秒")
        path.unlink()


def _all_taken_in(name: str, text: str) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(text)
    if counts["rejected"]:
        raise AssertionError(f"the demonstration's own file {name} was not taken in whole: {counts}")
    return counts


def _ranks(demo: Demo, at: datetime) -> None:
    path = _write_csv(_folder(demo) / "ranks.csv", rows.ranks(settings.COUNTY))
    indicators.import_ranks(path=path, name=path.name, source="演示数据：虚构的全省排名", by=BY, at=at)
    indicators.set_target(
        indicator="one_net_rate", since=generate.FIRST, value="99.50", source="演示数据", by=BY, at=at
    )


def _ratings(demo: Demo, at: datetime, say: Say) -> None:
    started = time.perf_counter()
    made = ratings.load(demo.targets.total, at)
    say(f"    {made:,} 条，{time.perf_counter() - started:.1f} 秒")


def _loops(demo: Demo, say: Say) -> None:
    started = time.perf_counter()
    made = ratings.walk(demo.targets.total)
    say(f"    {made:,} 件，{time.perf_counter() - started:.1f} 秒")


def home() -> Path:
    return Path(settings.HOME)
