"""What somebody typed and did not send yet (D5, F11): kept sealed on the server, gone once it is sent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from xinfu.core import privacy
from xinfu.core.actor import Actor
from xinfu.core.models import Draft
from xinfu.core.refusal import Refused

KEEP = timedelta(days=14)
LIMIT = 64 * 1024


def save(*, key: str, fields: dict[str, str], by: Actor, at: datetime) -> None:
    """Keep the fields of one form of one person, replacing the earlier ones; nothing typed removes the draft."""
    if not 0 < len(key) <= 160:
        raise Refused("bad_draft", "草稿的名称不对，未保存。")
    if len(json.dumps(fields)) > LIMIT:
        raise Refused("draft_too_large", "内容过长，草稿未保存，请尽快提交。")
    if not any(fields.values()):
        drop(key=key, by=by)
        return
    Draft.objects.update_or_create(
        owner=by.key, key=key, defaults={"content_sealed": privacy.seal(fields), "saved_at": at}
    )


def kept(actor: Actor, key: str) -> tuple[dict[str, str], datetime | None]:
    """Return the fields of a draft and when it was saved."""
    draft = Draft.objects.filter(owner=actor.key, key=key).first()
    return (privacy.unseal(draft.content_sealed), draft.saved_at) if draft else ({}, None)


def drop(*, key: str, by: Actor) -> None:
    Draft.objects.filter(owner=by.key, key=key).delete()


def remove_old(*, at: datetime) -> int:
    return Draft.objects.filter(saved_at__lt=at - KEEP).delete()[0]
