"""Images from one trained model, by hand: what `alphabar sample` does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, shortened
from components.files.json_file import json_or_text
from components.files.new_folder import new_folder
from components.runtime import Progress
from components.spec.loading import nearest, validate
from components.spec.sections.sampling import SamplingSpec
from flows.run.stages import prepare_process
from flows.tools.registered import sampling_over
from flows.workspace import Workspace


def draw(
    model: Path,
    out: Path,
    count: int,
    prompts: list[str],
    sampling: SamplingSpec,
    progress: Progress,
    *,
    guide: Path | None = None,
) -> None:
    """Write ``count`` images of ``model`` into the new folder ``out``.

    The folder has the form of a published `sample` stage (images.npy, samples.csv, grid.png)
    and the images as PNG files with a metadata.csv beside them.

    Args:
        guide: the directory of the weaker model of ``sampling.guide: weaker``.

    Raises:
        AlphabarError: ``out`` exists, a prompt is no class, or the guide does not fit the model.
    """
    with new_folder(out, Workspace.here().store_root) as part:
        prepare_process(threads=None)
        from components.generation.sample import write_samples
        from components.networks.checkpoint import load_checkpoint
        from components.networks.device import resolve_device

        device = resolve_device("auto")
        checkpoint = load_checkpoint(model, device, ema_length=sampling.ema_length)
        weaker = load_checkpoint(guide, device) if guide else None
        chosen = prompts_of(checkpoint.config, prompts, count)
        write_samples(checkpoint, sampling, chosen, part, progress, guide=weaker, png=True)


def sampling_of(
    options: Mapping[str, Any],
    assignments: Sequence[str],
    origin: str,
    own: Mapping[str, Any] | None = None,
) -> SamplingSpec:
    """The sampling section that a command's options make.

    Args:
        options: key → value, None where the user did not give it.
        assignments: ``key=value`` of any key of the section, over the options.
        origin: what a message calls the place that they come from.
        own: what holds where nothing is given, as far as it goes with what is.

    Raises:
        AlphabarError: a key that is not one of the section's, or a value out of its range.
    """
    values = {key: value for key, value in options.items() if value is not None}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals:
            raise AlphabarError(f"{origin}: `{shortened(text)}` sets nothing", "write KEY=VALUE")
        values[key.strip()] = json_or_text(value.strip())
    if own:
        values = sampling_over(own, values)
    # the parts of an experiment that a sampling section may lean on: here they are trained already
    around = {"training": {"ema_snapshots": 1}, "guide": {"training.steps": 1}}
    whole = {"name": "sample", "data": {"source": "digits"}, "sampling": values}
    return validate(around | whole, origin).sampling


def prompts_of(config: dict[str, Any], prompts: list[str], count: int) -> Any:
    """What ``count`` images of the model of ``config`` are asked for: ``prompts`` in turn.

    Raises:
        AlphabarError: a prompt is none of the model's classes or longer than its encoder reads,
            or captions are missing.
    """
    from components.data.tokens import refuse_too_long
    from components.generation.prompts import Prompts

    classes = config["images"]["classes"]
    kind = config["conditioning"]["encoder"]
    if kind == "class":
        wanted = prompts or classes
        unknown = next((p for p in wanted if p not in classes), None)
        if unknown is not None:
            raise AlphabarError(
                f"the model has no class `{shortened(unknown)}`", nearest(unknown, classes)
            )
        labels = tuple(wanted[k % len(wanted)] for k in range(count))
        chosen = tuple(classes.index(label) for label in labels)
        captions_of = config.get("captions") or classes  # older checkpoints know no captions
        return Prompts(chosen, labels, tuple(captions_of[k] or classes[k] for k in chosen))
    if kind == "minilm" and not prompts:
        raise AlphabarError("the model draws from captions", "give at least one --prompt")
    for prompt in prompts if kind == "minilm" else ():
        refuse_too_long(prompt)
    captions = tuple((prompts or [""])[k % max(1, len(prompts))] for k in range(count))
    return Prompts((-1,) * count, ("",) * count, captions)
