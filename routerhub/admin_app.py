from django.contrib.admin.apps import AdminConfig


class RouterHubAdminConfig(AdminConfig):
    """Django's admin on our own site, see routerhub.admin_site."""

    default_site = "routerhub.admin_site.RouterHubSite"
