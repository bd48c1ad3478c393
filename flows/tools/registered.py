"""What a registered model brings along: its sampling settings, and the weaker model it needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import load_json
from components.files.manifest import intact
from components.spec.catalogue import GUIDANCE, SOLVERS
from components.spec.cost import one_prediction
from components.spec.model_folder import GUIDE, SAMPLING


def own_sampling(model: Path) -> dict[str, Any]:
    """The sampling section that a model was registered with; empty where it brings none.

    The length of a post-hoc EMA is left out: registered weights are those of that length.

    Raises:
        AlphabarError: the file is broken.
    """
    path = model / SAMPLING
    if not path.is_file():
        return {}
    try:
        values = load_json(intact(path))
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(values, dict):
        raise _broken(path, "no JSON object")
    return {key: value for key, value in values.items() if key != "ema_length"}


def own_guide(model: Path) -> Path | None:
    """The directory of the weaker model that a model was registered with, if any."""
    guide = model / GUIDE
    return guide if (guide / "model.safetensors").is_file() else None


def sampling_over(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """A sampling section: ``given``, and for the rest what of ``own`` still has a meaning.

    A choice takes with it the options that only the old one read; a negative prompt and a weaker
    model displace each other; a scale that was of another kind, or off, gives way to a usual one.
    """
    values: dict[str, Any] = {**own, **given}
    for choice, entries in (("solver", SOLVERS), ("guidance_kind", GUIDANCE)):
        chosen = entries.get(str(values.get(choice)))
        if chosen:
            some = {option for entry in entries.values() for option in entry.options}
            idle = some - {*chosen.options, *given}
            values = {key: value for key, value in values.items() if key not in idle}
    if given.get("guide") == "weaker" and "negative_prompt" not in given:
        values.pop("negative_prompt", None)
    if given.get("negative_prompt") and "guide" not in given:
        values["guide"] = "unconditional"
    if "guidance" not in given and _needs_another_scale(own, given, values):
        values["guidance"] = usual_scale(values)
    return values


def usual_scale(sampling: Mapping[str, Any]) -> float:
    """The guidance scale that suits a sampling section's solver and kind of guidance."""
    if _distilled(sampling):
        return 1.0  # guidance was distilled in
    kind = GUIDANCE.get(str(sampling.get("guidance_kind", "cfg")))  # a wrong one is refused later
    return 2.0 if kind is None else kind.usual


def _distilled(sampling: Mapping[str, Any]) -> bool:
    solver = SOLVERS.get(str(sampling.get("solver")))
    return solver is not None and solver.distilled


def _needs_another_scale(
    own: Mapping[str, Any], given: Mapping[str, Any], values: Mapping[str, Any]
) -> bool:
    changed = {key for key in ("guidance_kind", "solver") if own.get(key) != values.get(key)}
    if "guidance_kind" in changed or ("solver" in changed and _distilled(values)):
        return True
    asked = given.get("guide") == "weaker" or bool(given.get("negative_prompt"))
    return asked and own.get("guidance") == 1 and one_prediction(own)


def _broken(path: Path, why: str) -> AlphabarError:
    return AlphabarError(
        f"the sampling settings in {path} cannot be read: {why}",
        "register the model again, or give the directory of its checkpoint",
    )
