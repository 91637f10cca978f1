"""Every page at 1,080,000 cases, as `manage serve` serves it: time over HTTP, statements, size.

Walks the address patterns as 综合科 and as 系统管理员 (and as an auditor where those may not look): what answers with
a page is measured, with the filters, orders and deep pages of VARIANTS besides. Time is that of the whole exchange on loopback, one client after another through
all pages in turn, so that no page finds the database's cache as it left it. Statements are counted in this process
by Django's test client, transaction control left out. Prints JSON.
`XINFU_BENCH_HOME` names a home to make the demonstration in, or to use where it is made; `--rounds N`, `--only TEXT`.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import logging
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
DAY = "2023-06-01"
WARM_UPS, ROUNDS = 3, 40
MAX_P95_MS, MAX_QUERIES = 100, 12
INBOX = {
    "site:home": 16,
    "site:put_off": 16,
    "site:inbox_news": 16,
}  # each subject that may wait is asked once
ACCOUNTS = ("general", "system-admin", "town-clerk")
OTHERS = ("auditor", "security-admin", "appraisal")  # for what none of these may open
PERIOD = "frm=2023-01-01&to=2023-05-31"
ODD = "frm=2023-02-03&to=2023-05-17"  # nobody computed these days beforehand
CODES = ("on_time_rate", "one_net_rate", "cases_total", "mean_handling_days")
VARIANTS = {  # by name of the address, beside the bare page
    "site:search": ["q={case_no}", "q={tail}", "q=社会保障", "q=没有这样的词"],
    "site:journal": ["page=2", "before=end"],
    "people:people": ["sort=-name", "before=end"],
    "people:departments": ["q=街道"],
    "cases:list": [
        "page=100", "page=500", "before=end", "size=100", "sort=case_no", "sort=received_at", "q={case_no}", "q={tail}",
        "state=handling", "state=finished", "department={department}", "window={window}", "town={town}", "channel=3",
        "department={department}&state=handling", "department={department}&state=finished&channel=3",
        "town={town}&state=returned", "state=finished&channel=6&unified=0", "unified=1", "channel=6&unified=1",
        "received_from=2023-02-01&received_to=2023-02-28", "received_from=2023-03-01&received_to=2023-03-01",
        "finished_from=2023-05-01&finished_to=2023-05-31", "finished_from=2023-02-01&sort=received_at",
        "due_from=2023-06-01", "due_to=2023-06-02", "item={item}", "item=社会保障", "batch={batch}", "mark=-1", "mark=1",
        "light=today", "light=soon", "light=late", "light=accept_late", "light=paused", "light=late&page=3",
        "light=done_late&finished_from=2023-05-01", "light=late&department={department}", "mark=-1&state=finished",
    ],
    "cases:due": ["ahead=0", "ahead=10", "department={department}", "window={window}"],
    "cases:morning": ["department={department}"],
    "catalog:list": ["page=10", "q=社会保障", "before=end"],
    "indicators:board": [PERIOD, "frm=2023-05-01&to=2023-05-31", ODD],
    "indicators:league": [
        f"{PERIOD}&grain={grain}&by=on_time_rate" for grain in ("department", "window", "town", "channel", "item")
    ] + [f"{ODD}&grain=department"],
    "indicators:wall": [f"{PERIOD}&grain=town"],
    "indicators:detail": [PERIOD],
    "indicators:number": [PERIOD, f"{PERIOD}&department={{department}}", ODD],
    "indicators:records": [PERIOD, f"{PERIOD}&page=200", f"{PERIOD}&department={{department}}", ODD],
}  # fmt: skip


@dataclass(slots=True)
class Page:
    """One address as one account opens it, and what was measured."""

    name: str
    url: str
    account: str
    queries: int = 0
    size: int = 0
    times: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "page": self.name,
            "account": self.account,
            "p50_ms": round(statistics.median(self.times), 1),
            "p95_ms": round(rank(self.times, 0.95), 1),
            "queries": self.queries,
            "kb": round(self.size / 1024, 1),
        }


def rank(values: list[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="measure pages whose name holds this text")
    parser.add_argument("--cases", type=int, default=1_080_000)
    options = parser.parse_args()
    with home() as folder:
        for name in [n for n in os.environ if n.startswith("XINFU_") and n != "XINFU_BENCH_HOME"]:
            del os.environ[name]
        os.environ.update(DJANGO_SETTINGS_MODULE="xinfu.site.settings", XINFU_HOME=folder)
        make(options.cases)
        os.environ.update(XINFU_DEMO="1", XINFU_DEMO_DAY=DAY)
        print(json.dumps(measure(options.rounds, options.only), ensure_ascii=False, indent=2))


@contextlib.contextmanager
def home() -> Iterator[str]:
    if given := os.environ.get("XINFU_BENCH_HOME"):
        yield str(Path(given).resolve())
        return
    with tempfile.TemporaryDirectory(prefix="xinfu-bench-") as folder:
        yield folder


def make(cases: int) -> None:
    """Bring the home's tables up to date and make the demonstration; where it is made already, nothing is."""
    django = [sys.executable, "-m", "django"]
    for command in (["migrate", "-v", "0"], ["demo", "--no-serve", "--cases", str(cases)]):
        subprocess.run([*django, *command], stdout=sys.stderr, check=True)


def measure(rounds: int, only: str) -> dict[str, Any]:
    import django

    django.setup()
    logging.disable()  # many addresses are asked here that take no GET
    from django.db import connection

    from xinfu.cases.models import Case
    from xinfu.site.management.commands.serve import collect_when_changed

    collect_when_changed()
    pages, closed = reachable(only)
    count_queries(pages)
    cases, engine = Case.objects.count(), connection.vendor
    keys = {account: signed_in(account).cookies["sessionid"].value for account in (*ACCOUNTS, *OTHERS)}
    connection.close()
    with granian() as port:
        for number in range(WARM_UPS + rounds):
            one_round(port, pages, keys, keep=number >= WARM_UPS)
    measured = sorted((page.as_json() for page in pages), key=lambda p: -p["p95_ms"])
    worst, most = max(p["p95_ms"] for p in measured), max(p["queries"] for p in measured)
    many = [
        f"{p['page']} {p['account']}" for p in measured if p["queries"] > INBOX.get(p["page"], MAX_QUERIES)
    ]
    return {
        "bench": "pages",
        "cases": cases,
        "engine": engine,
        "rounds": rounds,
        "pages": measured,
        "not_pages": closed,
        "worst_p95_ms": worst,
        "max_p95_ms": MAX_P95_MS,
        "most_queries": most,
        "max_queries": MAX_QUERIES,
        "max_queries_of_the_inbox": INBOX,
        "too_many_queries": many,
        "holds": worst < MAX_P95_MS and not many,
    }


# --- which pages there are -----------------------------------------------------------------------


def signed_in(account: str) -> Any:
    """Return a test client with a session of its own in the database, which HTTP may use as well."""
    from django.test import Client

    from xinfu.people.models import Account

    client = Client(SERVER_NAME=HOST)
    client.force_login(Account.objects.get(username=account))
    return client


def reachable(only: str) -> tuple[list[Page], dict[str, str]]:
    """Return the addresses that answer with a page, and what the others answered."""
    clients, words = {account: signed_in(account) for account in (*ACCOUNTS, *OTHERS)}, samples()
    pages, closed = [], {}
    for name, params in patterns():
        if only not in name:
            continue
        for label, url in addresses(name, params, words):
            answers = {account: clients[account].get(url) for account in ACCOUNTS}
            if all(answer.status_code == 403 for answer in answers.values()):
                answers = {account: clients[account].get(url) for account in OTHERS}
            good = [a for a, answer in answers.items() if is_page(answer)]
            pages += [Page(label, url, account) for account in good]
            if not good:
                closed[label] = "/".join(sorted({str(answer.status_code) for answer in answers.values()}))
        if params and not any(page.name.startswith(name) for page in pages):
            closed.setdefault(name, "no record of this kind")
    return pages, closed


def is_page(answer: Any) -> bool:
    return answer.status_code == 200 and answer["Content-Type"].startswith("text/html")


def patterns() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and the parameters of every address of the screens."""
    from django.urls import URLPattern, get_resolver

    def walk(listed: Any, prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        for one in listed:
            if isinstance(one, URLPattern):
                yield prefix + (one.name or ""), tuple(one.pattern.converters)
            elif not str(one.pattern).startswith("api/"):
                yield from walk(one.url_patterns, f"{one.namespace}:" if one.namespace else prefix)

    yield from walk(get_resolver().url_patterns, "")


def samples() -> dict[str, Any]:
    """Return what the variants' words stand for: busy units, a case, an item."""
    from django.db.models import Count

    from xinfu.cases.models import Case

    def busiest(name: str) -> Any:
        known = Case.objects.filter(**{f"{name}__isnull": False}).values_list(name)
        return known.annotate(n=Count("pk")).order_by("-n")[0][0]

    case = Case.objects.order_by("-received_at")[5000]
    fields = {name: busiest(name) for name in ("department", "window", "town", "batch")}
    return {**fields, "case_no": case.case_no, "tail": case.case_no[-6:], "item": case.item_code}


def addresses(name: str, params: tuple[str, ...], words: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield label and address of a page: bare for each record named by `arguments`, then its variants."""
    from django.urls import reverse
    from django.utils.http import urlencode

    for kwargs in arguments(name, params):
        url = reverse(name, kwargs=kwargs)
        said = " ".join(str(v) for v in kwargs.values() if isinstance(v, str))
        label = f"{name} {said}".strip()
        yield label, url
        for variant in VARIANTS.get(name, []):
            pairs = [pair.split("=", 1) for pair in variant.split("&")]
            yield f"{label} ?{variant}", f"{url}?{urlencode([(k, v.format(**words)) for k, v in pairs])}"


def arguments(name: str, params: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the records that a page is opened for; none where the demonstration has none of the kind."""
    if not params:
        return [{}]
    if "code" in params and name.startswith("indicators:"):
        parts = ["numerator", "denominator"] if "part" in params else [""]
        return [{"code": c} | ({"part": p} if p else {}) for c in CODES for p in parts if p != "denominator"]
    if found := special(name, params):
        return found
    rest = {"number": 1} if "number" in params else {}
    model = model_of(name)
    if model is None or set(params) - {"pk", *rest}:
        return []
    return [{"pk": pk} | rest for pk in model.objects.order_by("pk").values_list("pk", flat=True)[:1]]


def special(name: str, params: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the records of pages that are not opened by the key of a row of their own."""
    from xinfu.core import local
    from xinfu.core.access import Role
    from xinfu.core.models import JournalEntry

    if params == ("n",):
        return [{"n": n} for n in JournalEntry.objects.order_by("-n").values_list("n", flat=True)[:1]]
    if name.startswith("ratings:") and params == ("code",):
        return [{"code": code} for code in rating_codes(name)]
    named: dict[str, dict[str, Any]] = {
        "people:view_as": {"role": str(Role.GENERAL)},
        "site:local_rule": {"code": local.declared()[0].code},
        "ratings:public-window": {"pk": samples()["window"]} if name == "ratings:public-window" else {},
    }
    return [named[name]] if name in named else []


def rating_codes(name: str) -> list[str]:
    from xinfu.ratings.models import BadRating, Rating

    if name == "ratings:public-item":
        return [samples()["item"]]
    if "loop" in name:
        return [loop.rating.code for loop in BadRating.objects.select_related("rating").order_by("pk")[:1]]
    return [rating.code for rating in Rating.objects.filter(is_anonymous=False).order_by("pk")[:1]]


def model_of(name: str) -> Any:
    """Return the model whose key an address takes."""
    from django.apps import apps

    kinds = {
        "site": ("site", [("suggestion", "Suggestion")]),
        "people": (
            "people",
            [("department", "Department"), ("window", "Window"), ("organisation", "Organisation"),
             ("account_detail", "Account"), ("reset_password", "Account"), ("close_account", "Account"),
             ("person", "Person"), ("move_person", "Person"), ("leave", "Person"), ("give_role", "Person"),
             ("open_account", "Person"), ("end_role", "RoleGrant")],
        ),
        "cases": ("cases", [("batch", "ImportBatch"), ("", "Case")]),
        "catalog": ("catalog", [("batch", "ItemBatch"), ("", "Item")]),
        "papers": ("papers", [("", "Paper")]),
        "assignments": ("assignments", [("meeting", "Meeting"), ("", "Item")]),
        "indicators": ("indicators", [("proposal", "Proposal")]),
        "ratings": (
            "ratings",
            [("telephone", "Invitation"), ("spot-check", "SpotCheck"), ("exchange", "Exchange")],
        ),
        "reports": ("reports", [("run", "ReportRun"), ("entered", "EnteredFigure"), ("check", "DraftCheck")]),
    }  # fmt: skip
    space, _, short = name.partition(":")
    app, models = kinds.get(space, ("", []))
    return next((apps.get_model(app, model) for word, model in models if word in short), None)


# --- measuring -----------------------------------------------------------------------------------


def count_queries(pages: list[Page]) -> None:
    """Count the statements of each page in sessions of their own, as a list's first visit writes its address there.

    The session stands already, as after a log-in: its stamp of use, written once a minute, is no page's.
    """
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    clients = {account: signed_in(account) for account in (*ACCOUNTS, *OTHERS)}
    for client in clients.values():
        client.get("/")
    for page in pages:
        with CaptureQueriesContext(connection) as seen:
            clients[page.account].get(page.url)
        page.queries = sum(not q["sql"].startswith(control) for q in seen.captured_queries)


@contextlib.contextmanager
def granian() -> Iterator[int]:
    """Start the web as `manage serve` does, and yield its port."""
    from xinfu.site.management.commands.serve import end_with_parent, web

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(web(HOST, port), stdout=sys.stderr, preexec_fn=end_with_parent)  # noqa: PLW1509
    try:
        wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        if server.poll() is not None:
            sys.exit("granian did not start.")
        time.sleep(0.1)
    sys.exit("granian did not answer.")


def one_round(port: int, pages: list[Page], keys: dict[str, str], *, keep: bool) -> None:
    """Ask for every page once over one connection; the next round's may reach the other worker."""
    client = http.client.HTTPConnection(HOST, port, timeout=120)
    for page in pages:
        begun = time.perf_counter()
        client.request("GET", page.url, headers={"Cookie": f"sessionid={keys[page.account]}"})
        answer = client.getresponse()
        content = answer.read()
        taken = (time.perf_counter() - begun) * 1e3
        if answer.status != 200:
            sys.exit(f"{page.url} answered {answer.status} to {page.account}.")
        page.size = len(content)
        if keep:
            page.times.append(taken)
    client.close()


if __name__ == "__main__":
    main()
