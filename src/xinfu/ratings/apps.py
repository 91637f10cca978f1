"""好差评: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class RatingsConfig(AppConfig):
    name = "xinfu.ratings"
    verbose_name = "好差评"

    def ready(self) -> None:
        from xinfu.ratings import access, loop_local  # noqa: F401 -- grants and local numbers register
