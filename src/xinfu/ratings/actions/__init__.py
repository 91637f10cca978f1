"""How everybody writes ratings; the actor and the moment come last."""

from xinfu.ratings.actions.loop import hand_over, move_loop, open_loop

__all__ = ["hand_over", "move_loop", "open_loop"]
