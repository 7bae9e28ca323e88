"""What people choose from by name: what is live, without what is for the site's own use alone."""

from routerhub.releases import live


def models() -> dict[str, str]:
    """Names by id. Raises DatabaseError."""
    return {
        each.id: each.name
        for each in live.current().lines["catalogue"].stable.models.values()
        if not each.is_internal_only
    }


def policies() -> dict[str, str]:
    """Raises DatabaseError."""
    return {name: name for name in live.current().lines["router"].stable.policies}
