"""How often something was tried within a while: what strangers may do without limit, they do without end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from xinfu.core.models import TryCount
from xinfu.core.privacy import digest

COUNT = """
INSERT INTO core_trycount (key, tries, ends_at) VALUES {rows}
ON CONFLICT (key) DO UPDATE SET
  tries = CASE WHEN core_trycount.ends_at <= %s THEN 1 ELSE core_trycount.tries + 1 END,
  ends_at = CASE WHEN core_trycount.ends_at <= %s THEN excluded.ends_at ELSE core_trycount.ends_at END
RETURNING key, tries
"""


def count(names: Sequence[str], *, at: datetime, within: timedelta) -> list[int]:
    """Count one more try of each name by one statement; return how many there were since the first within the while.

    The names are kept as keyed digests only. Two at once count as two.
    """
    keys = [digest(name) for name in names]
    now, ends = (connection.ops.adapt_datetimefield_value(moment) for moment in (at, at + within))
    values = [
        value for key in sorted(set(keys)) for value in (key, ends)
    ]  # one order: two never wait in a ring
    rows = ", ".join(["(%s, 1, %s)"] * len(set(keys)))
    with connection.cursor() as cursor:
        cursor.execute(COUNT.format(rows=rows), [*values, now, now])
        found = {bytes(key): tries for key, tries in cursor}
    return [found[key] for key in keys]


def tidy(at: datetime) -> None:
    """Forget the counts whose while is over."""
    TryCount.objects.filter(ends_at__lte=at).delete()
