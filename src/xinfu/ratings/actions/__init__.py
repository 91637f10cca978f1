"""How everybody writes ratings; the actor and the moment come last."""

from xinfu.ratings.actions.days import seal_day
from xinfu.ratings.actions.intake import Outcome, Refusal, take_ratings
from xinfu.ratings.actions.invitation_calls import record_call, show_invited_phone
from xinfu.ratings.actions.invitations import invite, invite_again, list_calls
from xinfu.ratings.actions.loop import hand_over, move_loop, open_loop
from xinfu.ratings.actions.loop_calls import call_back, draw_spot_check, show_phone
from xinfu.ratings.actions.loop_watch import open_anonymous, watch
from xinfu.ratings.actions.rating import rate, stage_to_rate, switched_on
from xinfu.ratings.actions.reasons import switch_reason
from xinfu.ratings.actions.telling import tell, tell_day
from xinfu.ratings.actions.withholding import publish_again, show_person, withhold

__all__ = [
    "Outcome",
    "Refusal",
    "call_back",
    "draw_spot_check",
    "hand_over",
    "invite",
    "invite_again",
    "list_calls",
    "move_loop",
    "open_anonymous",
    "open_loop",
    "publish_again",
    "rate",
    "record_call",
    "seal_day",
    "show_invited_phone",
    "show_person",
    "show_phone",
    "stage_to_rate",
    "switch_reason",
    "switched_on",
    "take_ratings",
    "tell",
    "tell_day",
    "watch",
    "withhold",
]
