"""好差评: ratings, and the closed loop of the bad ones."""

from xinfu.ratings.models.exchange import Direction, Exchange, ExchangeStatus
from xinfu.ratings.models.invitation import CallOutcome, InvitationCall
from xinfu.ratings.models.loop import (
    BadRating,
    BadRatingFile,
    BadRatingStep,
    CallBack,
    CallBackKind,
    SpotCheck,
    SpotCheckLoop,
)
from xinfu.ratings.models.office import TextDecision, ToldDay
from xinfu.ratings.models.rating import (
    BAD_LEVELS,
    Channel,
    Invitation,
    InvitationKind,
    Level,
    Origin,
    Rating,
    ReasonSwitch,
    Stage,
    UserKind,
)
from xinfu.ratings.models.tablet import RequestState, Tablet, TabletMonth, TabletRequest

__all__ = [
    "BAD_LEVELS",
    "BadRating",
    "BadRatingFile",
    "BadRatingStep",
    "CallBack",
    "CallBackKind",
    "CallOutcome",
    "Channel",
    "Direction",
    "Exchange",
    "ExchangeStatus",
    "Invitation",
    "InvitationCall",
    "InvitationKind",
    "Level",
    "Origin",
    "Rating",
    "ReasonSwitch",
    "RequestState",
    "SpotCheck",
    "SpotCheckLoop",
    "Stage",
    "Tablet",
    "TabletMonth",
    "TabletRequest",
    "TextDecision",
    "ToldDay",
    "UserKind",
]
