"""Screens of the indicators: board, league table, wall, number and records, trend, bulletins, published tables."""

from __future__ import annotations

from django.urls import path

from xinfu.indicators.screens import (
    board,
    bulletins,
    colours,
    detail,
    league,
    meeting,
    number,
    proposals,
    proposals_sheets,
    published,
    ranks,
    review,
)

app_name = "indicators"
urlpatterns = [
    path("", board.board, name="board"),
    path("refresh/", board.refresh, name="refresh"),
    path("league/", league.league, name="league"),
    path("wall/", league.wall, name="wall"),
    path("meeting/", meeting.meeting, name="agenda"),
    path("meeting/<slug:code>/", meeting.meeting, name="meeting"),
    path("review/", review.review_page, name="review"),
    path("review/call/", review.call, name="review_call"),
    path("catalogue/", detail.catalogue, name="catalogue"),
    path("weekly/", bulletins.weekly, name="weekly"),
    path("monthly/", bulletins.monthly, name="monthly"),
    path("ranks/", ranks.ranks, name="ranks"),
    path("published/", published.published, name="published"),
    path("published/prepare/", published.prepare, name="prepare"),
    path("published/<int:pk>/", published.published_detail, name="published_detail"),
    path("published/<int:pk>/move/", published.published_move, name="published_move"),
    path("published/<int:pk>/withdraw/", published.withdraw, name="withdraw"),
    path("published/<int:pk>/lines/<int:line>/correct/", published.correct, name="correct"),
    *proposals_sheets.urls,
    *proposals.urls,
    path("of/<slug:code>/", detail.detail, name="detail"),
    path("of/<slug:code>/colours/", colours.colours, name="colours"),
    path("of/<slug:code>/number/", number.number, name="number"),
    path("of/<slug:code>/peers/", ranks.peers, name="peers"),
    path("of/<slug:code>/<slug:part>/records/", number.records, name="records"),
]
