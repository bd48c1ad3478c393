"""Denoising networks of diffusers' own classes and configurations, as others have trained them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from components.errors import AlphabarError
from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS
from components.networks.denoisers.denoiser import Denoiser
from components.networks.of_config import network_of
from components.networks.seeded import seeded
from components.spec.pipelines.families import EMBEDDED_GUIDANCE, NETWORKS
from components.spec.sections.network import FOREIGN, NetworkConfig


class PretrainedNetwork(nn.Module):
    """One of `CALLS` behind one call: ``net(x, timestep, **rows) -> prediction``.

    Args:
        model: its class in diffusers.
        config: what that is made from.
    """

    def __init__(self, model: str, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.model: Any = network_of(model, config)
        self._call = CALLS[model]

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """x (batch, channel, height, width), timestep (batch,) → the prediction, x's shape."""
        return self._call(self.model, x, timestep, rows)


Call = Callable[[Any, Tensor, Tensor, Mapping[str, Tensor]], Tensor]
"""(diffusers' network, x, timestep, rows) → the prediction."""


def _unet(model: Any, x: Tensor, timestep: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
    """With text states in cross-attention; SDXL's pooled text and sizes beside the timestep."""
    added = {name: rows[name] for name in (POOLED, TIME_IDS) if name in rows}
    read = {name: rows[name] for name in (STATES, MASK) if name in rows}
    given = {**read, "added_cond_kwargs": added} if added else read
    prediction: Tensor = model(x, timestep, return_dict=False, **given)[0]
    return prediction


def _sd3(model: Any, x: Tensor, timestep: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
    prediction: Tensor = model(
        hidden_states=x,
        timestep=timestep,
        encoder_hidden_states=rows[STATES],
        pooled_projections=rows[POOLED],
        return_dict=False,
    )[0]
    return prediction


def _flux(model: Any, x: Tensor, timestep: Tensor, rows: Mapping[str, Tensor]) -> Tensor:
    """Latents are shown in patches of 2 × 2, each with its place; the text has none."""
    count, channels, height, width = x.shape
    rows_of, columns = height // 2, width // 2
    patches = x.reshape(count, channels, rows_of, 2, columns, 2).permute(0, 2, 4, 1, 3, 5)
    places = torch.cartesian_prod(torch.arange(1), torch.arange(rows_of), torch.arange(columns))
    guidance = None
    if model.config.guidance_embeds:
        guidance = torch.full((count,), EMBEDDED_GUIDANCE, device=x.device)
    predicted: Tensor = model(
        hidden_states=patches.reshape(count, rows_of * columns, 4 * channels),
        timestep=timestep / 1000,
        guidance=guidance,
        pooled_projections=rows[POOLED],
        encoder_hidden_states=rows[STATES],
        txt_ids=torch.zeros(rows[STATES].shape[1], 3, device=x.device),
        img_ids=places.to(x),
        return_dict=False,
    )[0]
    whole = predicted.reshape(count, rows_of, columns, channels, 2, 2).permute(0, 3, 1, 4, 2, 5)
    return whole.reshape(x.shape)


CALLS: dict[str, Call] = {
    "UNet2DConditionModel": _unet,
    "SD3Transformer2DModel": _sd3,
    "FluxTransformer2DModel": _flux,
}
"""Class of diffusers → how it is asked."""


def pretrained(
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    *,
    seed: int,
    model: str,
    config: dict[str, Any],
) -> PretrainedNetwork:
    """The network of class ``model`` and its ``config``, with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.

    Raises:
        AlphabarError: it reads something else than what it is to be given.
    """
    refuse_unfit_told(NetworkConfig(kind=FOREIGN, model=model, config=config), shape, conditioner)
    with seeded(seed):
        return PretrainedNetwork(model, config)


def refuse_unfit_told(
    network: NetworkConfig, shape: tuple[int, int, int], conditioner: Conditioner
) -> None:
    """Raise AlphabarError unless a pretrained network reads latents of ``shape`` and what
    ``conditioner`` tells."""
    assert network.model is not None
    read = READS[network.model]({**NETWORKS[network.model], **network.config})
    given = Reads(shape[0], conditioner.width, conditioner.pooled)
    for what in ("channels", "width", "pooled"):
        asked, there = getattr(read, what), getattr(given, what)
        if asked != there:
            words = _WORDS[what]
            raise AlphabarError(
                f"the pretrained network reads {words.format(asked or 'no')}, and is given "
                f"{words.format(there or 'no')}",
                "leave `codec` and `conditioning.encoder` out, so that they are those of its own "
                "directory, or give such as it was trained with",
            )


@dataclass(frozen=True)
class Reads:
    """What a network reads.

    Attributes:
        channels: of the latents.
        width: of the text's states; None for no text.
        pooled: of the vector of the whole text; None for no such.
    """

    channels: int
    width: int | None
    pooled: int | None


_WORDS = {
    "channels": "latents of {} channels",
    "width": "text states of width {}",
    "pooled": "a pooled text of width {}",
}


def _of_unet(config: Mapping[str, Any]) -> Reads:
    width, pooled = config["cross_attention_dim"], None
    if config.get("addition_embed_type"):
        sizes = 6 * (config.get("addition_time_embed_dim") or 0)
        pooled = (config.get("projection_class_embeddings_input_dim") or 0) - sizes
    return Reads(config["in_channels"], width[0] if isinstance(width, list) else width, pooled)


def _of_transformer(packed: int) -> Callable[[Mapping[str, Any]], Reads]:
    def reads(config: Mapping[str, Any]) -> Reads:
        return Reads(
            config["in_channels"] // packed,
            config["joint_attention_dim"],
            config["pooled_projection_dim"],
        )

    return reads


READS: dict[str, Callable[[Mapping[str, Any]], Reads]] = {
    "UNet2DConditionModel": _of_unet,
    "SD3Transformer2DModel": _of_transformer(1),
    "FluxTransformer2DModel": _of_transformer(4),
}
"""Class of diffusers → its configuration → what it reads."""

PRETRAINED = Denoiser(pretrained, exported=lambda network: network.model, assigned=True)
