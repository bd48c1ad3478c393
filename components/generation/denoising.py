"""A checkpoint under a sampling section as the denoiser that solvers ask."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from components.data.tokens import refuse_too_long
from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint
from components.networks.conditioners.rows import Rows, aligned, take
from components.sampling.denoiser import Denoise
from components.sampling.guidance import Conditioned, Guidance, guided_denoiser
from components.sampling.network import Evaluations
from components.spec.loading import nearest
from components.spec.sections.process import ProcessSpec
from components.spec.sections.sampling import SamplingSpec


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

    def take(self, index: Tensor) -> "Conditions":
        """Of the chosen images."""
        return Conditions(take(self.strong, index), take(self.weak, index))


def encode_conditions(
    model: Checkpoint,
    sampling: SamplingSpec,
    classes: Sequence[int],
    captions: Sequence[str],
    guide: Checkpoint | None = None,
) -> Conditions:
    """The rows of images that are asked for by class and caption, one entry an image.

    Raises:
        AlphabarError: a class or the negative prompt is not one of the model's, or ``guide``
            cannot guide the model.
    """
    check_guide(model, sampling, guide)
    strong = model.conditioner.encode(classes, captions)
    if guide is not None:
        return Conditions(strong, guide.conditioner.encode(classes, captions))
    if sampling.negative_prompt:
        weak = _negative(model, sampling.negative_prompt, len(captions))
        return Conditions(*aligned(strong, weak))
    return Conditions(*aligned(strong, model.conditioner.null(len(captions))))


def build_denoiser(
    model: Checkpoint,
    sampling: SamplingSpec,
    conditions: Conditions,
    *,
    guide: Checkpoint | None = None,
    evaluations: Evaluations | None = None,
) -> Denoise:
    """The denoiser of a batch of ``conditions``, its guidance and clipping as ``sampling`` says.

    The x0 of an unbounded codec is never clipped.

    Args:
        conditions: what `encode_conditions` gives, of the batch's images only.
        guide: the weaker model of ``sampling.guide: weaker``.
        evaluations: counts every row that goes through a network, the guide's too.

    Raises:
        AlphabarError: ``guide`` is missing, not asked for, or cannot guide the model.
    """
    check_guide(model, sampling, guide)
    counter = evaluations or Evaluations()
    network = counter.counted(model.predict)
    strong = Conditioned(network, _to(conditions.strong, model.device))
    weak = None
    if guide is not None:
        weak = Conditioned(counter.counted(guide.predict), _to(conditions.weak, guide.device))
    elif conditions.strong:
        weak = Conditioned(network, _to(conditions.weak, model.device))
    guidance = Guidance(
        sampling.guidance_kind,
        sampling.guidance,
        sampling.guidance_rescale,
        sampling.guidance_sigma_min,
        sampling.guidance_sigma_max,
    )
    return guided_denoiser(
        strong,
        weak,
        guidance,
        model.schedule,
        model.prediction,
        clip=sampling.clip and model.codec.bounded,
    )


def check_guide(model: Checkpoint, sampling: SamplingSpec, guide: Checkpoint | None) -> None:
    """Raise AlphabarError unless ``guide`` is there just when it is asked for, and can guide
    ``model``: outputs of two networks are only comparable where they predict the same thing
    of the same images under the same process."""
    if (guide is not None) != (sampling.guide == "weaker"):
        raise AlphabarError(
            f"`sampling.guide: {sampling.guide}` and "
            + ("no guide model" if guide is None else "a guide model"),
            "give a guide model together with `guide: weaker`, and only then",
        )
    if guide is None:
        return
    same = {
        "process": _process(model) == _process(guide),
        "image shape": model.image_shape == guide.image_shape,
        "codec": model.codec.config == guide.codec.config,
        "classes": guide.config["conditioning"]["encoder"] != "class"
        or model.config["images"]["classes"] == guide.config["images"]["classes"],
    }
    for what, agrees in same.items():
        if not agrees:
            raise AlphabarError(
                f"the guide model's {what} is not the model's",
                "guide by a smaller or less trained model of the same data and process",
            )


def _process(model: Checkpoint) -> ProcessSpec:
    return ProcessSpec.model_validate(model.config["process"])


def _negative(model: Checkpoint, prompt: str, count: int) -> Rows:
    """The rows of the negative prompt, a class's label or a caption."""
    kind, classes = model.config["conditioning"]["encoder"], model.config["images"]["classes"]
    if kind == "none":
        raise AlphabarError(
            f"the model is unconditional: it cannot be told `negative_prompt: {prompt}`",
            "leave the negative prompt out",
        )
    if kind == "class" and prompt not in classes:
        raise AlphabarError(
            f"`negative_prompt: {prompt}` is no class of the model", nearest(prompt, classes)
        )
    if kind == "minilm":
        refuse_too_long(prompt)
    index = classes.index(prompt) if kind == "class" else -1
    return model.conditioner.encode([index] * count, [prompt] * count)


def _to(rows: Rows, device: torch.device) -> Rows:
    return {name: tensor.to(device) for name, tensor in rows.items()}
