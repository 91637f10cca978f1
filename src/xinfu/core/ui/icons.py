"""The few line icons of the house, drawn here: 24 × 24, one stroke, the ink of the text."""

from __future__ import annotations

from django.utils.safestring import SafeString

PATHS = {
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>',
    "menu": '<path d="M4 6h16M4 12h16M4 18h16"/>',
    "close": '<path d="M6 6l12 12M18 6 6 18"/>',
    "help": '<circle cx="12" cy="12" r="9"/><path d="M9.3 9.2a2.8 2.8 0 1 1 4 2.6c-.9.5-1.3 1-1.3 2M12 17v.1"/>',
    "type": '<path d="M3 19 8.5 5 14 19M5 14.5h7M16 19l3-8 3 8M17 16.5h4"/>',
    "contrast": '<circle cx="12" cy="12" r="9"/><path d="M12 3v18a9 9 0 0 0 0-18z" fill="currentColor"/>',
    "user": '<circle cx="12" cy="8" r="4"/><path d="M4 21c.6-4 3.7-6 8-6s7.4 2 8 6"/>',
    "download": '<path d="M12 4v11M7.5 11 12 15.5 16.5 11M4 20h16"/>',
    "upload": '<path d="M12 16V5M7.5 9 12 4.5 16.5 9M4 20h16"/>',
    "print": '<path d="M7 8V3h10v5M7 17H4V9h16v8h-3M7 14h10v7H7z"/>',
    "back": '<path d="M10 6l-6 6 6 6M4 12h16"/>',
    "next": '<path d="M9 6l6 6-6 6"/>',
    "previous": '<path d="M15 6l-6 6 6 6"/>',
    "down": '<path d="M6 9l6 6 6-6"/>',
    "columns": '<path d="M4 4h16v16H4zM10 4v16M15 4v16"/>',
    "filter": '<path d="M4 5h16l-6 8v6l-4-2v-4z"/>',
    "home": '<path d="M4 11l8-7 8 7M6 10v10h12V10M10 20v-6h4v6"/>',
    "inbox": '<path d="M4 13 7 5h10l3 8v6H4zM4 13h5l1.5 3h3L15 13h5"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3.5 2"/>',
    "file": '<path d="M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h7"/>',
    "shield": '<path d="M12 3l8 3v6c0 5-3.5 7.5-8 9-4.5-1.5-8-4-8-9V6zM9 12l2.3 2.3L15.5 10"/>',
    "chart": '<path d="M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6"/>',
    "list": '<path d="M9 6h11M9 12h11M9 18h11M4.5 6h.1M4.5 12h.1M4.5 18h.1"/>',
    "people": '<circle cx="9" cy="8" r="3.5"/><path d="M3 20c.5-3.5 2.8-5.5 6-5.5s5.5 2 6 5.5M16 5a3.3 3.3 0 0 1 0 6.3M17.5 15c2 .7 3.2 2.3 3.5 5"/>',
    "gear": '<circle cx="12" cy="12" r="3"/><path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M5.6 18.4l2.2-2.2M16.2 7.8l2.2-2.2"/>',
    "book": '<path d="M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM19 4h-4a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h4z"/>',
    "talk": '<path d="M4 5h16v11h-9l-5 4v-4H4z"/>',
    "warn": '<path d="M12 4 2.8 20h18.4zM12 10v5M12 17.5v.1"/>',
    "copy": '<path d="M8 8h12v12H8zM16 8V4H4v12h4"/>',
}


def svg(name: str) -> SafeString:
    """Return an icon that screen readers skip; its meaning stands in the text beside it."""
    return SafeString(  # the paths are constants of this file
        '<svg class="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
        f"{PATHS[name]}</svg>"
    )
