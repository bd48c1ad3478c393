"""The networks of a model that adapters change, as diffusers' pipelines call them."""

from torch import nn

from components.errors import AlphabarError
from components.networks.adapters.spelling import TRANSFORMER, UNET
from components.networks.checkpoint import Checkpoint
from components.networks.denoisers import denoiser_of


def parts_of(model: Checkpoint, denoiser: nn.Module | None = None) -> dict[str, nn.Module]:
    """The model's networks.

    Args:
        denoiser: in the place of the model's own: one of the same kind.

    Raises:
        AlphabarError: its denoiser is none of diffusers' networks, whose layers adapters name.
    """
    exported = denoiser_of(model.config.network.model_dump()).exported
    if exported is None:
        raise AlphabarError(
            f"{model.origin} has a network of kind `{model.config.network.kind}`, whose layers no "
            "adapter names",
            "give a model of another kind",
        )
    network: nn.Module = exported(denoiser or model.network)
    return {UNET if "UNet" in type(network).__name__ else TRANSFORMER: network}
