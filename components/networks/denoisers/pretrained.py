"""Denoising networks of diffusers' own classes and configurations, as others have trained them."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import MASK, POOLED, STATES, TIME_IDS
from components.networks.denoisers.denoiser import Denoiser

EMBEDDED_GUIDANCE = 3.5
"""The scale that a network with guidance distilled into it (Flux dev) is told, as its pipeline."""


class PretrainedNetwork(nn.Module):
    """One of `CALLS` behind one call: ``net(x, timestep, **rows) -> prediction``.

    Args:
        model: its class in diffusers.
        config: what that is made from.
    """

    def __init__(self, model: str, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.model: Any = build_model(model, config)
        self._call = CALLS[model]

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """x (batch, channel, height, width), timestep (batch,) → the prediction, x's shape."""
        return self._call(self.model, x, timestep, rows)


def build_model(model: str, config: Mapping[str, Any]) -> Any:
    """diffusers' own class with random weights."""
    import diffusers

    return getattr(diffusers, model).from_config(dict(config))


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
    config: Mapping[str, Any],
) -> PretrainedNetwork:
    """The network of class ``model`` and its ``config``, with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return PretrainedNetwork(model, config).to(memory_format=torch.channels_last)


PRETRAINED = Denoiser(pretrained, exported=lambda network: network.model)
