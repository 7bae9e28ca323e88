"""Where a model can be called at this moment. Pure."""

from models_registry.types import SANDBOX, Availability, Deployment, Model


def effective_deployments(model: Model, availability: Availability) -> tuple[Deployment, ...]:
    """The model's deployments whose provider can be called, in order.

    With the sandbox on it is that one alone, for every model, at the prices of the model's first deployment.
    """
    if availability.sandbox:
        prices = model.deployments[0].prices if model.deployments else ()
        status = model.deployments[0].status if model.deployments else "available"
        return (Deployment(provider=SANDBOX, upstream_model=model.id, status=status, prices=prices),)
    return tuple(each for each in model.deployments if each.provider in availability.providers)
