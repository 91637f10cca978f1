"""Uploads that outlast the page that asks again: kept at once, named in the form as `kept`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from xinfu.core import files
from xinfu.core.actor import Actor
from xinfu.core.evidence import check_number
from xinfu.core.models import StoredFile


def keep(request: HttpRequest, actor: Actor, at: datetime, name: str = "files") -> list[StoredFile]:
    """Keep the files that came along and return them with those kept before; only the actor's own count.

    The request's POST names them all afterwards, so that a confirmation page sends them on. Raises Refused: too many.
    """
    sent = request.FILES.getlist(name)
    kept = [int(pk) for pk in request.POST.getlist("kept") if pk.isdecimal() and len(pk) < 19]
    check_number(len(sent) + len(kept))
    with transaction.atomic():
        kept += [files.store(f.chunks(), name=f.name or "", by=actor, at=at).pk for f in sent]
    values = request.POST.copy()
    values.setlist("kept", [str(pk) for pk in kept])
    request.POST = values  # type: ignore[assignment]
    return list(StoredFile.objects.filter(pk__in=kept, stored_by=actor.key).order_by("pk"))
