"""Reading a conversation as a request would be read, but for the router model: for pages, the REST API and commands."""

from django.conf import settings

from autorouter.classification.classify import Read
from autorouter.encoder import combined
from autorouter.encoder.blocking import asker_at
from autorouter.types import RouterConfig, Task


def task_of(read: Read, config: RouterConfig) -> Task:
    """By the table, and where that is unsure by the encoder that listens at ENCODER_SOCKET too."""
    encoder = asker_at(settings.ENCODER_SOCKET)
    if encoder is None or not combined.is_unsure(read, config):
        return read.task
    return combined.task_of(read, encoder.hear(read.asked[-1], config.encoder_deadline_ms), config)
