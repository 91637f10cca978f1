"""投诉建议: made, answered once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from xinfu.core import journal, privacy
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused
from xinfu.site.access import Can
from xinfu.site.models import Suggestion

A_DAY = 10


@transaction.atomic
def suggest(*, text: str, by: Actor, at: datetime) -> Suggestion:
    """Keep what somebody complains of or proposes; at most ten a day and person."""
    by.require(Can.SUGGEST)
    if not text.strip():
        raise Refused("empty", "请写明要反映的问题或建议。", field="text")
    if Suggestion.objects.filter(made_by=by.key, made_at__date=timezone.localdate(at)).count() >= A_DAY:
        raise Refused("too_many", f"今天已提出{A_DAY}条，请明天再提，急事请拨打 12345。")
    made = Suggestion.objects.create(
        text_sealed=privacy.seal({"text": text.strip()}), made_at=at, made_by=by.key, made_by_name=by.name
    )
    journal.record("suggestion.made", made, by=by, at=at)
    return made


@transaction.atomic
def answer_suggestion(*, suggestion: Suggestion, question: str, answer: str, by: Actor, at: datetime) -> None:
    """Answer in words that everybody may read; whoever answered first has answered."""
    by.require(Can.ANSWER_SUGGESTIONS)
    if not question.strip():
        raise Refused("no_question", "请写一句可以公开的问题摘要，不含个人信息。", field="question")
    if not answer.strip():
        raise Refused("no_answer", "请写明答复。", field="answer")
    changed = Suggestion.objects.filter(pk=suggestion.pk, answered_at=None).update(
        question=question.strip(), answer=answer.strip(), answered_at=at, answered_by=by.name
    )
    if not changed:
        raise Refused("answered_meanwhile", "这一条刚刚由他人答复，您的答复未保存，可复制后另行处理。")
    journal.record("suggestion.answered", suggestion, by=by, at=at, question=question.strip())
