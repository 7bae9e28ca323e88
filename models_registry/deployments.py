"""Where a model can be called at this moment. Pure."""

from dataclasses import replace

from models_registry.types import SANDBOX, Availability, Deployment, Model


def effective_deployments(model: Model, availability: Availability) -> tuple[Deployment, ...]:
    """The model's deployments whose provider can be called, in order.

    With the sandbox on it is that one alone, for every model, in the place of the model's first deployment.
    """
    if availability.sandbox:
        if not model.deployments:
            return (Deployment(provider=SANDBOX, upstream_model=model.id),)
        return (replace(model.deployments[0], provider=SANDBOX, upstream_model=model.id),)
    return tuple(each for each in model.deployments if each.provider in availability.providers)
