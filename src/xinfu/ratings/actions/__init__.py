"""How everybody writes ratings; the actor and the moment come last."""

from xinfu.ratings.actions.loop import hand_over, move_loop, open_loop
from xinfu.ratings.actions.loop_calls import call_back, draw_spot_check, show_phone
from xinfu.ratings.actions.loop_watch import open_anonymous, watch

__all__ = [
    "call_back",
    "draw_spot_check",
    "hand_over",
    "move_loop",
    "open_anonymous",
    "open_loop",
    "show_phone",
    "watch",
]
