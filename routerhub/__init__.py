"""RouterHub: one address for every language model. This package composes the apps; the gateway is in routerhub.gateway."""
