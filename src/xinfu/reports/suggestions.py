"""高频涉企事项有效建议: how many the province adopted, at which rate, and the ranks that others published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode

from xinfu.indicators import queries as indicators
from xinfu.indicators.queries import Peer
from xinfu.reports import rules
from xinfu.reports.writing import Block, Run, Writing, paragraph

if TYPE_CHECKING:
    from xinfu.indicators.rules import Period

RANKS = (("全市", "proposals_adopted_city"), ("全省", "proposals_adopted"))
WRITTEN = "一二三四五六七八九十"


def suggestions(writing: Writing) -> list[Block]:
    """Write the section where any suggestion was decided by the province in the period."""
    adopted, rate = writing.row("proposals_adopted"), writing.row("proposals_adoption_rate")
    if adopted is None or not (adopted.numerator or (rate is not None and rate.denominator)):
        return []
    parts: list[str | Run] = [
        f"{rules.period_text(adopted.frm, adopted.to)}，高频涉企事项有效建议工单被省采纳",
        writing.run(adopted),
    ]
    ranks = [(where, code, found) for where, code in RANKS if (found := _own(writing, code)) is not None]
    for place, (where, code, (period, peer)) in enumerate(ranks):
        parts += ["、" if place else "，列", where, _rank(writing, where, code, period, peer)]
    if rate is not None:
        parts += ["，省级已答复建议的采纳率", writing.run(rate)]
    sources = "；".join(dict.fromkeys(peer.source for _, _, (_, peer) in ranks))
    parts.append(f"（截至{rules.day_text(adopted.to)}{'，位次见' + sources if sources else ''}）。")
    return [paragraph(*parts)]


def _own(writing: Writing, code: str) -> tuple[Period, Peer] | None:
    """Return our line of the latest published table that begins with the report's period and ends within it."""
    for period in indicators.peer_periods(writing.actor, code):
        if period.frm == writing.frm and period.to <= writing.cutoff:
            table = indicators.peers(writing.actor, code, period.frm, period.to)
            own = next((peer for peer in table if peer.is_own and peer.rank), None)
            return (period, own) if own else None
    return None


def _rank(writing: Writing, where: str, code: str, period: Period, peer: Peer) -> Run:
    """Return a rank as text that leads to the published table that it stands in."""
    assert peer.rank is not None
    shown = f"第{WRITTEN[peer.rank - 1] if peer.rank <= len(WRITTEN) else peer.rank}"
    key = f"{code}:{period.frm}:{period.to}:rank"
    asked = {"frm": period.frm.isoformat(), "to": period.to.isoformat()}
    writing.figures.setdefault(
        key,
        {
            "key": key,
            "title": f"有效建议数{where}位次",
            "text": shown,
            "definition": f"上级公布的{where}排名表所列名次，导入所得",
            "period": rules.days_text(period.frm, period.to),
            "numerator": str(peer.rank),
            "denominator": "",
            "snapshot": "",
            "cutoff": rules.day_text(period.to),
            "origin": "imported",
            "evidence": peer.source,
            "url": f"{reverse('indicators:peers', args=[code])}?{urlencode(asked)}",
        },
    )
    return {"text": shown, "figure": key}
