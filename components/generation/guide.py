"""Whether a weaker model can guide another one (autoguidance)."""

from components.errors import AlphabarError
from components.networks.checkpoint import Checkpoint
from components.spec.catalogue.sampling import GUIDED_BY_MODEL
from components.spec.sections.sampling import SamplingSpec


def check_guide(model: Checkpoint, sampling: SamplingSpec, guide: Checkpoint | None) -> None:
    """Raise AlphabarError unless ``guide`` is there just when it is asked for, and can guide
    ``model``: outputs of two networks are only comparable where they predict the same thing
    of the same images under the same process."""
    if (guide is not None) != sampling.guided_by_model:
        raise AlphabarError(
            f"`sampling.guide: {sampling.guide}` and "
            + ("no guide model" if guide is None else "a guide model"),
            f"give a guide model together with `guide: {GUIDED_BY_MODEL}`, and only then",
        )
    if guide is None:
        return
    same = {
        "process": model.config.process == guide.config.process,
        "image shape": model.image_shape == guide.image_shape,
        "codec": model.config.codec == guide.config.codec,
        "classes": guide.conditioner.n_classes == 0
        or model.config.images.classes == guide.config.images.classes,
    }
    for what, agrees in same.items():
        if not agrees:
            raise AlphabarError(
                f"the guide model's {what} is not the model's",
                "guide by a smaller or less trained model of the same data and process",
            )
