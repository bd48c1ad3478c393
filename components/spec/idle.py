"""What an experiment file says and none of its cells reads."""

from collections.abc import Sequence

from components.errors import AlphabarError, shortened
from components.spec.catalogue import CONDITIONERS
from components.spec.catalogue.sampling import reads_negative_prompt
from components.spec.experiment import Experiment
from components.spec.sweep import Cell


def refuse_idle(experiment: Experiment, cells: Sequence[Cell], origin: str) -> None:
    """Raise AlphabarError where no cell reads the negative prompt, the scale of guidance or the
    limit of captions that the file gives.

    What a fine-tune or a pretrained network is told is not in the file, so nothing is said there.
    """
    if experiment.finetune is not None or experiment.network.pretrained is not None:
        return
    variants = [cell.experiment for cell in cells]
    for fault in (_idle_negative(variants), _idle_guidance(variants), _idle_limit(variants)):
        if fault is not None:
            raise AlphabarError(f"{origin}: {fault[0]}", fault[1])


def _idle_negative(variants: Sequence[Experiment]) -> tuple[str, str] | None:
    given = [each for each in variants if each.sampling.negative_prompt]
    told = [each for each in given if CONDITIONERS[each.conditioning.encoder].conditional]
    if not given or any(reads_negative_prompt(each.sampling.model_dump()) for each in told):
        return None
    text = shortened(given[0].sampling.negative_prompt)
    if not told:
        return (
            f"`sampling.negative_prompt: {text}` is never read: the model is told nothing",
            "leave it out, or name a `conditioning.encoder`",
        )
    return (
        f"`sampling.negative_prompt: {text}` is never read: with `sampling.guidance: 1` nothing "
        "is guided away from it",
        "give a larger `sampling.guidance`, or leave it out",
    )


def _idle_guidance(variants: Sequence[Experiment]) -> tuple[str, str] | None:
    guided = [each for each in variants if each.sampling.guidance != 1]
    if not guided or any(
        CONDITIONERS[each.conditioning.encoder].conditional or each.sampling.guided_by_model
        for each in variants
    ):
        return None
    return (
        f"`sampling.guidance: {guided[0].sampling.guidance:g}` is never read: with "
        f"`conditioning.encoder: {guided[0].conditioning.encoder}` there is nothing to guide to",
        "leave it out, or name another `conditioning.encoder`",
    )


def _idle_limit(variants: Sequence[Experiment]) -> tuple[str, str] | None:
    limited = [each.conditioning for each in variants if each.conditioning.max_tokens is not None]
    if not limited or any(CONDITIONERS[each.conditioning.encoder].captions for each in variants):
        return None
    return (
        f"`conditioning.max_tokens: {limited[0].max_tokens}` is never read: "
        f"`conditioning.encoder: {limited[0].encoder}` reads no captions",
        "leave it out, or name an encoder of captions",
    )
