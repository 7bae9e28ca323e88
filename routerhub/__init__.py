"""RouterHub: one address for every language model. This package composes the apps; the gateway is in routerhub.gateway."""

from routerhub.celery import app as celery_app

__all__ = ["celery_app"]
