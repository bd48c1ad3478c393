"""Images from one trained model, by hand: what `alphabar sample` does."""

from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.runtime import Progress
from components.spec.loading import nearest, validate
from components.spec.models import SamplingSpec
from flows.exporting import new_folder
from flows.stages import prepare_process


def draw(
    model: Path,
    out: Path,
    count: int,
    prompts: list[str],
    settings: dict[str, Any],
    progress: Progress,
) -> None:
    """Write ``count`` images of ``model`` into the new folder ``out``.

    The folder has the form of a published `sample` stage (images.npy, samples.csv, grid.png)
    and the images as PNG files with a metadata.csv beside them.

    Raises:
        AlphabarError: ``out`` exists, a setting is out of range, or a prompt is no class.
    """
    sampling = _settings(settings)
    with new_folder(out) as part:
        prepare_process(threads=None)
        from components.generation.sample import write_samples
        from components.networks.checkpoint import load_checkpoint
        from components.networks.device import resolve_device

        checkpoint = load_checkpoint(model, resolve_device("auto"))
        chosen = _prompts(checkpoint.config, prompts, count)
        write_samples(checkpoint, sampling, chosen, part, progress, png=True)


def _settings(settings: dict[str, Any]) -> SamplingSpec:
    whole = {"name": "sample", "data": {"source": "digits"}, "sampling": settings}
    return validate(whole, "the options of `alphabar sample`").sampling


def _prompts(config: dict[str, Any], prompts: list[str], count: int) -> Any:
    from components.generation.prompts import Prompts

    classes = config["images"]["classes"]
    kind = config["conditioning"]["encoder"]
    if kind == "class":
        wanted = prompts or classes
        unknown = next((p for p in wanted if p not in classes), None)
        if unknown is not None:
            raise AlphabarError(f"the model has no class `{unknown}`", nearest(unknown, classes))
        labels = tuple(wanted[k % len(wanted)] for k in range(count))
        return Prompts(tuple(classes.index(label) for label in labels), labels, labels)
    if kind == "minilm" and not prompts:
        raise AlphabarError("the model draws from captions", "give at least one --prompt")
    captions = tuple((prompts or [""])[k % max(1, len(prompts))] for k in range(count))
    return Prompts((-1,) * count, ("",) * count, captions)
