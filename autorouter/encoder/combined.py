"""When the encoder is asked, and what its answer makes of a task. The same for requests, dry runs and selections."""

from dataclasses import replace

from autorouter.classification.classify import Read
from autorouter.classification.judged import Judged
from autorouter.classification.mixing import mixed, trust
from autorouter.encoder.excerpts import excerpt
from autorouter.encoder.patience import Heard
from autorouter.types import Reader, Reading, RouterConfig, Task


def is_unsure(read: Read, config: RouterConfig) -> bool:
    """Whether the encoder is to be asked: the table says something, and is not sure enough of it."""
    return config.asks_encoder and read.judged is not None and read.judged.confidence < config.encoder_threshold


def task_of(read: Read, heard: Heard, config: RouterConfig) -> Task:
    """The task by table and encoder together, or by the table alone, with the reason why."""
    if read.judged is None or heard.judged is None:
        late = f"gave no answer within {config.encoder_deadline_ms} ms"
        why = {"late": late, "busy": "has too many others to answer"}.get(heard.result, "is not there")
        return replace(read.task, origin=f"local, since the encoder {why}")
    task = read.as_judged(mixed(read.judged, heard.judged, trust(excerpt(read.asked[-1]))), "encoder")
    readings = (_reading("table", read.judged, 0), _reading("encoder", heard.judged, heard.took_us))
    return replace(task, readings=readings)


def _reading(by: Reader, judged: Judged, took_us: int) -> Reading:
    return Reading(by=by, likely=judged.likely, complexity=judged.complexity, took_us=took_us)
