"""Every address of the product, as the URL configuration has them."""

from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver
from rest_framework.schemas.generators import EndpointEnumerator


def of_the_api() -> set[tuple[str, str]]:
    """("GET", "/api/models"), ("PATCH", "/api/models/{identifier}") and so on."""
    return {(method, path) for path, method, _ in EndpointEnumerator().get_api_endpoints()}


def by_account() -> set[str]:
    """What is open to an account's own people, as far as their role goes."""
    found = EndpointEnumerator().get_api_endpoints()
    return {f"{method} {path}" for path, method, view in found if getattr(view.cls, "by_account", False)}


def plain_views() -> set[str]:
    """The names of Django's own views below /api/: the REST framework does not ask there who may."""
    found = _patterns(get_resolver().url_patterns, "")
    return {
        each.callback.__name__ for path, each in found if path.startswith("api/") and not hasattr(each.callback, "cls")
    }


def of_the_admin() -> Iterator[tuple[str, str]]:
    """Names and addresses of the admin's pages, without those that catch everything else."""
    for path, each in _patterns(get_resolver().url_patterns, ""):
        if path.startswith("admin/") and "(" not in path:
            yield each.name or path, f"/{path.removesuffix('/?$')}"


def _patterns(patterns: list[Any], above: str) -> Iterator[tuple[str, Any]]:
    for each in patterns:
        path = above + str(each.pattern).removeprefix("^")
        if hasattr(each, "url_patterns"):
            yield from _patterns(each.url_patterns, path)
        else:
            yield path, each
