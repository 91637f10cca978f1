"""What was exchanged with partners, newest first."""

from __future__ import annotations

from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound
from xinfu.ratings.models.exchange import Direction, Exchange, ExchangeQuerySet, ExchangeStatus


def exchanges(actor: Actor) -> ExchangeQuerySet:
    return Exchange.objects.visible_to(actor).select_related("download")


def get_exchange(actor: Actor, pk: int) -> Exchange:
    found = exchanges(actor).select_related("file", "refused_file").filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这次交换，或您无权查看。")
    return found


def same_file_before(exchange: Exchange) -> Exchange | None:
    """Return the last time that the same content was taken in, in the same form."""
    earlier = Exchange.objects.filter(
        direction=Direction.TAKEN, sha256=exchange.sha256, form=exchange.form, status=ExchangeStatus.DONE,
        pk__lt=exchange.pk,
    )  # fmt: skip
    return earlier.order_by("-pk").first()
