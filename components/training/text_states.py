"""Text states of prepared data: its captions as the conditioner's encoder has them, once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.data.captions import TEXTS, stream_texts
from components.networks.conditioners import Given, build_conditioner
from components.networks.conditioners.stored_states import files_of
from components.networks.conditioners.text import TextCondition
from components.networks.conditioners.writing_states import write_states
from components.networks.device import resolve_device
from components.runtime import Runtime


def encode_texts(
    spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime
) -> None:
    """Write the states of the distinct captions of ``data``, as `stored_states` has them.

    Args:
        spec: ``conditioning``, the section as far as it says how captions are read.

    Raises:
        AlphabarError: the encoder's weights are missing, or its states are not finite.
    """
    given = Given(weights=runtime.weights, device=resolve_device(runtime.accelerator))
    conditioner = build_conditioner(spec["conditioning"], given)
    assert isinstance(conditioner, TextCondition), "the plan has this stage for no other"
    path, work = inputs["data"] / TEXTS, runtime.scratch or out
    total = sum(1 for _ in stream_texts(path))
    encoder, limit = conditioner.encoder, conditioner.limit
    write_states(work, encoder, limit, stream_texts(path), total, runtime.progress)
    for name in files_of(encoder.form):
        (work / name).replace(out / name)
