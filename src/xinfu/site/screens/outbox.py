"""The list of messages to people outside: which left, which did not and why, and to send those again."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from xinfu.core import clock, local, messages, senders
from xinfu.core.access import needs
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.models import MessageState, OutMessage
from xinfu.core.permissions import Can
from xinfu.core.ui import forms as inputs
from xinfu.core.ui import lists, text
from xinfu.core.ui.lists import Bulk, Column, ListSpec
from xinfu.people.session import actor_of

LIGHTS = {
    MessageState.QUEUED: "none",
    MessageState.SENDING: "ok",
    MessageState.SENT: "done",
    MessageState.FAILED: "bad",
}


class MessageFilter(forms.Form):
    state = forms.ChoiceField(label="状态", choices=[("", "全部"), *MessageState.choices], required=False)
    kind = forms.ChoiceField(label="种类", required=False)
    first_on = inputs.Day(label="提出日期从", required=False)
    last_on = inputs.Day(label="到", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        named = [(code, messages.kinds[code]) for code in messages.kinds.codes()]
        self.fields["kind"].choices = [("", "全部"), *named]  # type: ignore[attr-defined]


def _narrow(rows: QuerySet[OutMessage], wanted: dict[str, Any]) -> QuerySet[OutMessage]:
    for name in ("state", "kind"):
        if value := wanted.get(name):
            rows = rows.filter(**{name: value})
    if first := wanted.get("first_on"):
        rows = rows.filter(queued_at__gte=inputs.start_of(first))
    if last := wanted.get("last_on"):
        rows = rows.filter(queued_at__lt=inputs.end_of(last))
    return rows


def _kind(row: OutMessage) -> str:
    return messages.kinds.get(row.kind) or row.kind


def _state(row: OutMessage) -> str:
    return text.light(LIGHTS[MessageState(row.state)], str(row.get_state_display()))


def _number(row: OutMessage) -> str:
    return "已清除" if row.wiped_at else messages.number_of(row)


MESSAGES = lists.register(
    ListSpec(
        name="site.messages",
        title="短信",
        unit="条",
        rows=messages.messages,
        columns=(
            Column("state", "状态", value=lambda row: row.get_state_display(), cell=_state),
            Column("kind", "种类", value=_kind),
            Column("to", "号码", value=_number),
            Column("queued_at", "提出时间", kind="when", sort="queued_at"),
            Column("sent_at", "发出时间", kind="when"),
            Column("attempts", "发送次数", kind="int"),
            Column("error", "未发出的原因"),
        ),
        order="-queued_at",
        form=MessageFilter,
        narrow=_narrow,
        export=Can.MESSAGES,
        nothing="还没有短信。",
        bulk=(
            Bulk("retry", "重发", messages.retry, Can.MESSAGES, happens=("发送失败的重新发送，其余的不动",)),
        ),
    )
)


@needs(Can.MESSAGES)
def outbox(request: HttpRequest) -> HttpResponseBase:
    """List the messages; their text is never shown, since a link in it is its receiver's alone."""
    sender, today = senders.current(), clock.today()
    context = {
        "sender": sender.label,
        "is_real": sender.name != "console",
        "is_local": urlsplit(settings.PUBLIC_ADDRESS).hostname in {"127.0.0.1", "localhost", "::1"},
        "keep": local.on(messages.KEEP_DAYS, today),
    }
    return lists.respond(request, actor_of(request), MESSAGES, template="site/messages.html", context=context)


def todos(actor: Actor, now: datetime) -> list[Todo]:
    """Return one line for the messages that did not leave."""
    if not actor.may(Can.MESSAGES):
        return []
    failed = messages.failed(actor).filter(wiped_at=None).order_by().count()
    if not failed:
        return []
    return [
        Todo(
            verb="重发",
            title=f"{failed}条短信发送失败",
            url=f"{reverse('site:messages')}?state={MessageState.FAILED}",
            asked_by="系统",
            due_on=None,
            arrived_at=None,
            why="负责短信发送",
            kind="短信",
            consequence="收信人收不到通知",
            count=failed,
        )
    ]
