"""A round of learning success begun in the background, since it may take minutes."""

from functools import partial

from django.db import transaction

from routerhub import waking

STARTED = "Success is being learned from outcomes. It may take some minutes; the round is listed when it is done."


def learn_success() -> None:
    transaction.on_commit(partial(waking.wake, "experiments.tasks.learn_success"))
