"""A process of the control plane: Django with the admin, the REST API and the static files, and nothing of /v1.

Gateways forward to it (routerhub.forwarding) and tell it who asked. Whoever starts it names them to the server, as
`--proxy-headers --forwarded-allow-ips ADDRESS`, and lets nobody else reach it.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "routerhub.settings")
application = get_asgi_application()

import routerhub.urls  # noqa: E402, F401 - every page is loaded before the process takes connections
