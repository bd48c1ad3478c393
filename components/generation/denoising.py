"""A sampler under the conditions of some images as the denoiser that solvers ask."""

from dataclasses import dataclass

from components.errors import AlphabarError
from components.generation.forwards import network_of
from components.generation.prompts import Prompts
from components.generation.sampler import Sampler
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.conditioner import negative_prompt
from components.networks.conditioners.rows import Rows, aligned, on_device
from components.sampling.denoiser import Denoise
from components.sampling.guidance import Conditioned, Guidance, guided_denoiser
from components.sampling.network import Evaluations

LONE_ROWS = 16
"""That compiled networks are shown at a time where nobody draws in batches."""


@dataclass(frozen=True)
class Conditions:
    """What every image is asked for, as rows of the two networks of guidance.

    Attributes:
        strong: of the model itself; empty where it is unconditional.
        weak: of the weak prediction: no condition, the negative prompt, or what the guide
            model is asked for.
    """

    strong: Rows
    weak: Rows


def encode_conditions(sampler: Sampler, prompts: Prompts) -> Conditions:
    """The rows of images that are asked for by class and caption, one entry an image.

    Raises:
        AlphabarError: a class or the negative prompt is none that the model knows.
    """
    model, count = sampler.model, len(prompts)
    strong = model.conditioner.encode(prompts.classes, prompts.told or prompts.captions)
    if sampler.guide is not None:
        weak = sampler.guide.conditioner.encode(prompts.classes, prompts.captions)
        return Conditions(strong, weak)
    if sampler.sampling.negative_prompt:
        weak = _negative(model, sampler.sampling.negative_prompt, count)
        return Conditions(*aligned(strong, weak))
    return Conditions(*aligned(strong, model.conditioner.null(count)))


def no_condition(sampler: Sampler, count: int) -> Conditions:
    """The conditions of ``count`` images of which the model, and its guide, are told nothing.

    Raises:
        AlphabarError: one of them was never trained without a condition.
    """
    guide = sampler.guide or sampler.model
    return Conditions(_null(sampler.model, count), _null(guide, count))


def build_denoiser(
    sampler: Sampler,
    conditions: Conditions,
    evaluations: Evaluations | None = None,
    rows: int = LONE_ROWS,
) -> Denoise:
    """The denoiser of a batch of ``conditions``, its guidance and clipping as the settings say.

    The x0 of an unbounded codec is never clipped.

    Args:
        evaluations: counts every row that goes through a network, the guide's too.
        rows: that compiled networks are shown at a time.
    """
    model, sampling, guide = sampler.model, sampler.sampling, sampler.guide
    counter = evaluations or Evaluations()
    network = counter.counted(network_of(model, sampling, rows))
    strong = Conditioned(network, on_device(conditions.strong, model.device))
    weak = None
    if guide is not None:
        weak = Conditioned(
            counter.counted(network_of(guide, sampling, rows)),
            on_device(conditions.weak, guide.device),
        )
    elif conditions.strong:
        weak = Conditioned(network, on_device(conditions.weak, model.device))
    guidance = Guidance(
        sampling.guidance_kind,
        sampling.guidance,
        sampling.guidance_rescale,
        sampling.guidance_sigma_min,
        sampling.guidance_sigma_max,
    )
    clip = sampling.clip and model.codec.bounded
    return guided_denoiser(strong, weak, guidance, model.schedule, model.prediction, clip=clip)


def _null(model: Checkpoint, count: int) -> Rows:
    rows = model.conditioner.null(count)
    if rows and model.config.conditioning.dropout == 0:
        raise AlphabarError(
            f"{model.origin} was never trained without a condition (`conditioning.dropout: 0`)",
            "say what the image shows with --prompt",
        )
    return rows


def _negative(model: Checkpoint, text: str, count: int) -> Rows:
    """The rows of the negative prompt."""
    prompt = negative_prompt(model.conditioner, text)
    return model.conditioner.encode([prompt.index] * count, [prompt.caption] * count)
