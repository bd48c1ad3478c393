"""The diffusion transformer (DiT: Peebles, Xie 2023), from diffusers.

An image is cut into patches; each is a token with the sine and cosine of its place added. Every
block's attention and feed-forward layer is shifted, scaled and gated by what the timestep says
(adaLN-Zero). A class speaks through the same (DiT); captions through cross-attention between the
two (PixArt-α: Chen et al. 2024), whose modulation of all blocks comes from one layer. A vector of
the whole caption, which some encoders give beside the tokens' states, is not read.
"""

from typing import Any

import torch
from torch import Tensor, nn

from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import POOLED, TIME_IDS
from components.networks.denoisers.denoiser import Denoiser
from components.networks.seeded import seeded

SPREAD = 0.02
"""Standard deviation of embeddings' first weights, as in DiT."""

ZERO = (
    "norm1.linear.weight",  # shift, scale and gate of a DiT's block
    "scale_shift_table",  # of a PixArt's block, beside `adaln_single`
    "adaln_single.linear.weight",
    "attn2.to_out.0.weight",
    "proj_out.weight",
    "proj_out_1.weight",
    "proj_out_2.weight",
)
"""Ends of the names of weights that are zero at first (adaLN-Zero)."""


class DenoisingTransformer(nn.Module):
    """diffusers' transformer behind one call: ``net(x, timestep, **rows) -> prediction``.

    With classes it is `DiTTransformer2DModel`, else `PixArtTransformer2DModel`, without
    cross-attention where the model is told nothing. ``attention_head_dim`` is the channels of
    each head in both, and ``num_attention_heads`` their number.

    Args:
        patch: side of the squares that are one token each; it divides ``size``.
        width: channels of a token.
        n_classes: 0 for no class condition; else one more embedding stands for "no class".
        text_width: of the token states that come in through cross-attention; None without such.
    """

    def __init__(
        self,
        size: int,
        image_channels: int,
        patch: int,
        depth: int,
        width: int,
        heads: int,
        dropout: float,
        n_classes: int = 0,
        text_width: int | None = None,
    ) -> None:
        super().__init__()
        from diffusers import DiTTransformer2DModel, PixArtTransformer2DModel

        shared: dict[str, Any] = {
            "sample_size": size,
            "in_channels": image_channels,
            "out_channels": image_channels,
            "patch_size": patch,
            "num_layers": depth,
            "num_attention_heads": heads,
            "attention_head_dim": width // heads,
            "dropout": dropout,
        }
        self.transformer: Any
        if n_classes:
            self.transformer = DiTTransformer2DModel(**shared, num_embeds_ada_norm=n_classes)
            for block in self.transformer.transformer_blocks:
                block.norm1.emb.class_embedder.dropout_prob = 0.0  # the loss drops conditions
        else:
            self.transformer = PixArtTransformer2DModel(
                **shared,
                caption_channels=text_width,
                cross_attention_dim=None if text_width is None else width,
                interpolation_scale=1,  # else places are half as far apart from 128 pixels on
                use_additional_conditions=False,  # else true at 128 pixels
            )
        _initialise(self.transformer)

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """x (batch, channel, height, width), timestep (batch,) → the prediction, x's shape."""
        rows = {name: row for name, row in rows.items() if name not in (POOLED, TIME_IDS)}
        prediction: Tensor = self.transformer(x, timestep=timestep, return_dict=False, **rows)[0]
        return prediction


@torch.no_grad()
def _initialise(model: Any) -> None:
    """Weights as in DiT: linear layers of Xavier's, and zero in what decides how much a block adds
    to its input, so that every block begins as the identity and the prediction as zero."""
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear):
            if ".timestep_embedder." in name:
                nn.init.normal_(layer.weight, std=SPREAD)
            else:
                nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Embedding):
            nn.init.normal_(layer.weight, std=SPREAD)
    nn.init.xavier_uniform_(model.pos_embed.proj.weight.flatten(1))
    nn.init.zeros_(model.pos_embed.proj.bias)
    for name, weights in model.named_parameters():
        if name.endswith(ZERO):
            nn.init.zeros_(weights)


def transformer(
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    *,
    seed: int,
    patch: int,
    depth: int,
    width: int,
    heads: int,
    dropout: float,
) -> DenoisingTransformer:
    """The transformer for ``shape`` (channel, height, width) with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.
    """
    image_channels, size, _ = shape
    with seeded(seed):
        return DenoisingTransformer(
            size=size,
            image_channels=image_channels,
            patch=patch,
            depth=depth,
            width=width,
            heads=heads,
            dropout=dropout,
            n_classes=conditioner.n_classes,
            text_width=conditioner.width,
        )


TRANSFORMER = Denoiser(transformer, exported=lambda network: network.transformer)
