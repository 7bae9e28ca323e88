"""What templates/analytics/figures.html shows, in whichever shell: a page, what is wrong with its address, or that the database
is slow."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import HttpRequest

from analytics.dashboards import pages
from analytics.dashboards.pages import Page
from budgets.formats import ago

logger = logging.getLogger(__name__)


def answered(request: HttpRequest, make: Callable[[], Page]) -> dict[str, Any]:
    """The context of one page."""
    return read(request, lambda: _context(make()))


def read(request: HttpRequest, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A context, or what templates/analytics/unread.html shows in its place."""
    try:
        return make()
    except ValidationError as refused:
        return {"problems": refused.message_dict}
    except OperationalError:
        logger.warning("action=figures_failed path=%s", request.path, exc_info=True)
        return {"is_down": True, "patience_s": pages.PATIENCE_S, "again": request.get_full_path()}


def _context(found: Page) -> dict[str, Any]:
    as_of = found.board.as_of
    return {"page": found, "as_of": ago(found.view.local(as_of), found.view.now) if as_of else ""}
