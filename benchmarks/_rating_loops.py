"""The part `loops` of `bench ratings`: a handler's list, its filters and pages, with 100,000 loops open.

The demonstration with few cases; half of the loops belong to the unit of its liaison, a tenth wait for that unit's
judgement, the rest lie with all other units; states and due days are spread over two months.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pages

CASES, ROUNDS = 20_000, 40
FIRST = datetime(2023, 4, 1, 1, tzinfo=UTC)
ACCOUNTS = ("general", "unit-liaison")
QUERIES = ("", "box=mine", "box=judge", "box=raised", "light=bad", "light=warn", "light=ok", "status=0", "named=1",
           "named=0", "o=-due_on", "page=2", "page=200", "q=000777", "box=mine&light=bad")  # fmt: skip
STATES = ("0", "0", "0", "10", "12", "20", "20", "220", "222")
DAYS = 60
BATCH = 5000


def measure(rows: int) -> dict[str, Any]:
    """Make the county and its loops, then ask for the lists over HTTP; return times in milliseconds."""
    for command in (["migrate", "-v", "0"], ["demo", "--no-serve", "--cases", str(CASES)]):
        subprocess.run([sys.executable, "-m", "django", *command], stdout=sys.stderr, check=True)
    import django

    django.setup()
    logging.disable()
    from django.core.management import call_command
    from django.db import connection

    call_command("collectstatic", interactive=False, verbosity=0)
    made = make(rows)
    asked = [
        pages.Page(f"loops?{query}", f"/ratings/loops/?{query}", account)
        for account in ACCOUNTS
        for query in QUERIES
    ] + [pages.Page("home", "/", account) for account in ACCOUNTS]
    pages.ACCOUNTS = ACCOUNTS
    pages.count_queries(asked)
    keys = {account: pages.signed_in(account).cookies["sessionid"].value for account in ACCOUNTS}
    engine = connection.vendor
    connection.close()
    with pages.granian() as port:
        for number in range(pages.WARM_UPS + ROUNDS):
            pages.one_round(port, asked, keys, keep=number >= pages.WARM_UPS)
    measured = sorted((page.as_json() for page in asked), key=lambda p: -p["p95_ms"])
    worst = measured[0]["p95_ms"]
    return {
        "engine": engine, "open_loops": made, "rounds": ROUNDS, "pages": measured, "worst_p95_ms": worst,
        "max_p95_ms": pages.MAX_P95_MS, "holds": worst < pages.MAX_P95_MS,
    }  # fmt: skip


def make(rows: int) -> int:
    """Open the loops; return how many are open."""
    from django.db import connection, transaction

    from xinfu.people.models import Account, Department
    from xinfu.ratings.models import BadRating, Rating

    liaison = Account.objects.select_related("person__department").get(username="unit-liaison")
    own, everyone = (
        liaison.person.department,
        list(Department.objects.filter(kind="sending_unit").order_by("pk")),
    )
    others = [unit for unit in everyone if unit != own]
    office = Department.objects.get(parent=None, kind="office")
    for start in range(0, rows, BATCH):
        ratings = [rating(n, own if n % 2 else others[n % len(others)]) for n in range(start, start + BATCH)]
        with transaction.atomic():
            kept = Rating.objects.bulk_create(ratings)
            BadRating.objects.bulk_create([loop(n, one, own, office) for n, one in enumerate(kept, start)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return BadRating.objects.filter(finished_at=None).count()


def rating(n: int, unit: Any) -> Any:
    from xinfu.ratings.models import Rating

    at = FIRST + timedelta(days=n % DAYS, minutes=n % 480)
    named = n % 5 < 2
    return Rating(
        code=f"LOOP{n:012}", case_key=n.to_bytes(16, "big"), channel="3", level=1 + n % 2, reason_codes="109",
        item_name="企业设立登记", department=unit, is_anonymous=not named,
        rated_at=at if named else at.replace(hour=0, minute=0), rated_on=at.date(),
    )  # fmt: skip


def loop(n: int, given: Any, own: Any, office: Any) -> Any:
    from xinfu.ratings.models import BadRating

    day = given.rated_on
    return BadRating(
        rating=given, number=f"CP{n:012}", status=STATES[n % len(STATES)], department_id=given.department_id,
        judge=own if n % 10 == 0 else office, received_at=given.rated_at, verify_due_on=day + timedelta(days=1),
        rectify_due_on=day + timedelta(days=21), moved_at=given.rated_at,
        raised_to=office if n % 7 == 0 else None, raised_on=day + timedelta(days=22) if n % 7 == 0 else None,
    )  # fmt: skip
