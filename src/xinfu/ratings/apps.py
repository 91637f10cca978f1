"""好差评: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    name = "xinfu.ratings"
    verbose_name = "好差评"

    def ready(self) -> None:
        from xinfu.core import actor, events, inbox, messages, registry
        from xinfu.ratings import (  # noqa: F401 -- grants and local numbers register
            access,
            indicators,
            invitation_local,
            loop_local,
            rating_local,
            statistics_local,
            tablet_local,
        )
        from xinfu.ratings.queries import invitations, loop_inbox

        indicators.register()
        inbox.register("bad_ratings", loop_inbox.todos)
        inbox.register("rating_calls", invitations.todos)
        messages.kinds.add("rating_invited", "邀请评价")
        messages.kinds.add("rating_invited_again", "整改后邀请再评")
        events.on("bad_rating.rectified", "xinfu.ratings.tasks.invite_again")
        registry.navigate("评价", "评价", "ratings:list", access.Can.SEE, 62)
        registry.navigate("评价", "评价回执", "ratings:receipt", access.Can.SEE, 65)
        registry.navigate("评价", "差评处置", "ratings:loops", access.Can.SEE, 70)
        registry.navigate("评价", "评价统计", "ratings:statistics", access.Can.SEE, 75)
        registry.navigate("评价", "差评抽查", "ratings:spot-checks", access.Can.SPOT_CHECK, 80)
        registry.navigate("评价", "电话邀评", "ratings:telephone", access.Can.TELEPHONE, 66)
        registry.navigate("评价", "评价交换", "ratings:exchange", access.Can.EXCHANGE, 83)
        registry.navigate("评价", "请评价", "ratings:ask", access.Can.ASK, 61)
        registry.navigate("评价", "窗口平板", "ratings:tablets", access.Can.TABLETS, 67)
        registry.navigate("评价", "评价理由", "ratings:reasons", access.Can.SET_UP, 85)
        actor.name_jobs({"bad_ratings": "差评处置", "ratings": "评价"})
