"""The looks of the admin, a part of routerhub.settings: colours, styles and sidebar."""

from django.templatetags.static import static

__all__ = ["UNFOLD"]

UNFOLD = {
    "SITE_TITLE": "RouterHub",
    "SITE_HEADER": "RouterHub",
    "SITE_SYMBOL": "alt_route",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("routerhub/favicon.svg")}
    ],
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "#f6f3ff",
            "100": "#f1edff",
            "200": "#e2d9fd",
            "300": "#cdbdfb",
            "400": "#b39bff",
            "500": "#7b50e8",
            "600": "#5f31d6",
            "700": "#5128bd",
            "800": "#42229b",
            "900": "#34197a",
            "950": "#241a45",
        },
        "base": {
            "50": "#f7f7f9",
            "100": "#f4f4f7",
            "200": "#e8e8ed",
            "300": "#d6d6de",
            "400": "#9292a2",
            "500": "#686876",
            "600": "#4c4c59",
            "700": "#373743",
            "800": "#26262e",
            "900": "#17171d",
            "950": "#111116",
        },
    },
    "STYLES": [
        lambda _request: static("routerhub/design.css"),
        lambda _request: static("routerhub/admin.css"),
        lambda _request: static("routerhub/admin-shell.css"),
    ],
    "SCRIPTS": [lambda _request: static("routerhub/admin.js")],
    "DASHBOARD_CALLBACK": "analytics.admin.dashboards.overview",
    "SIDEBAR": {
        "navigation": "routerhub.navigation.sidebar",
    },
}
