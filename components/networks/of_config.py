"""Networks of diffusers' classes, made of configurations that others have written."""

import inspect
from collections.abc import Mapping
from typing import Any

from components.errors import quoted
from components.spec.pipelines.sizes import flat


def network_of(kind: str, config: Mapping[str, Any]) -> Any:
    """The network of diffusers' class ``kind``, with random weights.

    diffusers takes whatever stands there, and of what is no number the network fails when it is
    first asked: an entry whose default is a number is held to be one, or several, of at least 0.

    Raises:
        ValueError: an entry is no number where one is asked for.
        Exception: whatever diffusers raises where a configuration describes no network.
    """
    import diffusers

    found = getattr(diffusers, kind)
    for key, known in inspect.signature(found.__init__).parameters.items():
        if key in config and type(known.default) in (int, float):
            _refuse_no_number(key, config[key], str(known.annotation))
    return found.from_config(dict(config))


def _refuse_no_number(key: str, value: object, annotation: str) -> None:
    if value is None and "None" in annotation:
        return
    entries = flat(value) if "tuple" in annotation else [value]
    if not all(isinstance(x, int | float) and x >= 0 for x in entries):
        raise ValueError(f"`{key}: {quoted(value)}` is no number of at least 0")
    if "float" not in annotation and not all(isinstance(x, int) for x in entries):
        raise ValueError(f"`{key}: {quoted(value)}` is no whole number")
