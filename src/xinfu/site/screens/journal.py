"""日志: the auditors' list, one entry with its proof, and the proofs that anyone may fetch (specs/journal-v1)."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html

from xinfu.core import journal
from xinfu.core.access import needs, public, signed_in
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.permissions import Can
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.ui import lists, news
from xinfu.core.ui.forms import Day, Text, end_of, start_of
from xinfu.core.ui.lists import Column, ListSpec
from xinfu.lib import canon, notes
from xinfu.people.session import actor_of
from xinfu.site import queries


class JournalFilter(forms.Form):
    event = forms.ChoiceField(label="事件", required=False)
    who = Text(label="操作者", required=False, max_length=80)
    subject = Text(label="对象", required=False, max_length=120, help_text="")
    first = Day(label="自", required=False)
    last = Day(label="至", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(event, news.word(event)) for event in queries.journal_events()]
        field = self.fields["event"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "全部"), *known]


def _narrow(rows: QuerySet[JournalEntry], wanted: dict[str, Any]) -> QuerySet[JournalEntry]:
    if "event" in wanted:
        rows = rows.filter(event=wanted["event"])
    if "who" in wanted:
        rows = rows.filter(by_name=wanted["who"])
    if "subject" in wanted:
        rows = rows.filter(subject__startswith=wanted["subject"])
    if "first" in wanted:
        rows = rows.filter(at__gte=start_of(wanted["first"]))
    if "last" in wanted:
        rows = rows.filter(at__lt=end_of(wanted["last"]))
    return rows


def _subject(entry: JournalEntry) -> str:
    return f"{news.label(entry.subject)} {entry.subject.partition(':')[2]}".strip()


JOURNAL = lists.register(
    ListSpec(
        name="journal.list",
        title="操作日志",
        rows=queries.journal_entries,
        columns=(
            Column(
                "n", "序号", kind="int", link=lambda e: reverse("site:journal_entry", args=[e.n]), sort="n"
            ),
            Column("at", "时间", kind="when", value=lambda e: e.at),
            Column("by_name", "操作者"),
            Column("event", "事件", value=lambda e: news.word(e.event)),
            Column("subject", "对象", value=_subject),
        ),
        order="-n",
        form=JournalFilter,
        narrow=_narrow,
        nothing="日志里还没有条目。",
    )
)


def _opened(entry: JournalEntry) -> str:
    """Return the subject with the link to it, where its app has one."""
    url, said = news.url(entry.subject), _subject(entry)
    return format_html('<a href="{}" data-open>{}</a>', url, said) if url else format_html("{}", said)


DONE = lists.register(
    ListSpec(
        name="site.done",
        title="已办",
        rows=queries.own_entries,
        columns=(
            Column("at", "时间", kind="when"),
            Column("event", "办了什么", value=lambda e: news.word(e.event)),
            Column("subject", "对象", value=_subject, cell=_opened),
        ),
        order="-n",
        nothing="还没有办过的事。",
    )
)


@signed_in
def done(request: HttpRequest) -> HttpResponseBase:
    """List what one did oneself (已办), newest first."""
    return lists.respond(request, actor_of(request), DONE)


@needs(Can.SEE_JOURNAL)
def journal_list(request: HttpRequest) -> HttpResponseBase:
    last = journal.latest_checkpoint()
    return lists.respond(
        request, actor_of(request), JOURNAL, template="site/journal_list.html", context={"last": last}
    )


@needs(Can.SEE_JOURNAL)
def journal_entry(request: HttpRequest, n: int) -> HttpResponse:
    found = queries.journal_entries(actor_of(request)).filter(n=n).first()
    if found is None:
        raise NotFound("日志里没有这一条。")
    proof = journal.inclusion_proof(n)
    proof.pop("entry")
    body = canon.parse(bytes(found.body))
    assert isinstance(body, dict)
    data = body.get("data")
    assert isinstance(data, dict)
    context = {
        "entry": found,
        "word": news.word(found.event),
        "subject": _subject(found),
        "url": news.url(found.subject),
        "data": sorted((key, _said(value)) for key, value in data.items()),
        "body": bytes(found.body).decode(),
        "proof": json.dumps(proof, indent=2),
        "key": notes.verifier_key(journal.origin(), journal.public_key()),
        "last": proof["size"] - 1,
    }
    return render(request, "site/journal_entry.html", context)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- for everyone --------------------------------------------------------------------------------


@public
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Give the latest signed checkpoint as it is, for whoever keeps it."""
    last = journal.latest_checkpoint()
    if last is None:
        raise NotFound("日志还没有检查点。")
    return HttpResponse(last.note, content_type="text/plain; charset=utf-8")


def _may_read(actor: Actor, entry: dict[str, Any]) -> bool:
    return actor.may(Can.SEE_JOURNAL) or entry["by"] == actor.key


@public
def inclusion(request: HttpRequest, n: int) -> JsonResponse:
    """Give the proof that entry `n` is in the journal, of today's size or of `?size=`.

    The specification's proof carries the entry. An entry says who did what in an office, so only those get it who may
    read the journal or who made the entry; everyone else gets the proof over its leaf hash, which shows that the
    entry that they were handed on paper stands in the journal, and tells nothing to those who were handed none.
    """
    size = request.GET.get("size", "")
    try:
        proof = journal.inclusion_proof(n, int(size) if size.isdecimal() and len(size) < 16 else None)
    except Refused as refused:
        raise NotFound(refused.reason) from refused
    if not _may_read(actor_of(request), proof["entry"]):
        proof.pop("entry")
    answer = JsonResponse(proof, json_dumps_params={"ensure_ascii": False})
    answer["Cache-Control"] = "private, no-store"
    return answer


@public
def consistency(request: HttpRequest, old: int, new: int) -> JsonResponse:
    """Give the proof that the journal of size `new` extends the one of size `old`."""
    try:
        return JsonResponse(journal.consistency_proof(old, new))
    except Refused as refused:
        raise NotFound(refused.reason) from refused
