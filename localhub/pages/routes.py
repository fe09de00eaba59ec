"""All addresses of the pages, as on the public Hub; what belongs to the pages themselves is below `/_localhub`."""

from __future__ import annotations

from localhub.pages import repos, requests
from localhub.pages.rendering import asset, page_route

ROUTES = [
    page_route("/_localhub/style.css", asset("style.css", "text/css"), "asset"),
    page_route("/_localhub/icon.svg", asset("icon.svg", "image/svg+xml"), "asset"),
    *requests.ROUTES,
    *repos.ROUTES,
]
