"""Part of the admin site's system check: no page that changes a configuration table without asking why."""

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db.models import Model

from routerhub.audit.admin import AuditedAdmin
from routerhub.audit.models import Audited


def pages_that_do_not_ask_why(pages: Mapping[type[Model], Any]) -> list[CheckMessage]:
    """An error for each page of an audited table that does not keep author and reason. `pages`: the site's, by table."""
    return [
        Error(
            f"The admin page of {model._meta.label} is no AuditedAdmin, so that it would change rows without a reason.",
            hint="Put routerhub.audit.admin.AuditedAdmin first among its bases.",
            obj=model,
            id="audit.E002",
        )
        for model, page in pages.items()
        if issubclass(model, Audited) and not isinstance(page, AuditedAdmin)
    ]
