"""How the encoder stands at this moment, as this process sees it."""

from django.conf import settings

from autorouter.encoder.blocking import asker_at
from experiments.classification.types import EncoderStatus

HOUR_S = 3_600


def status() -> EncoderStatus:
    asker = asker_at(settings.ENCODER_SOCKET)
    if asker is None:
        return EncoderStatus(state="none", detail="not installed here: the table reads prompts alone")
    found = asker.status()
    if found is None:
        return EncoderStatus(state="down", detail="does not answer: where the table is unsure, it decides all the same")
    up_for = f"{found.up_s // HOUR_S} h" if found.up_s >= HOUR_S else f"{found.up_s // 60} min"
    return EncoderStatus(
        state="up",
        detail=f"for {up_for}, {found.judged:,} texts read, {found.dropped:,} too late; {found.resident_bytes >> 20} MB",
    )
