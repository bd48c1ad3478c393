"""The denoising UNet, from diffusers."""

from typing import Any

import torch
from torch import Tensor, nn

from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import POOLED, TIME_IDS
from components.networks.denoisers.denoiser import Denoiser

SIZE_WIDTH = 256
"""Of the embedding of each of SDXL's six sizes."""


class DenoisingUNet(nn.Module):
    """diffusers' UNet behind one call: ``net(x, timestep, **rows) -> prediction``.

    Args:
        channels: of each resolution, finest first.
        n_classes: 0 for no class condition; else one more embedding stands for "no class".
        width: of the token states that come in through cross-attention; None without such.
        pooled: width of the vector of the whole caption, which comes in with SDXL's sizes beside
            the timestep; None without such.
    """

    def __init__(
        self,
        size: int,
        image_channels: int,
        channels: list[int],
        layers_per_block: int,
        dropout: float,
        n_classes: int = 0,
        width: int | None = None,
        pooled: int | None = None,
    ) -> None:
        super().__init__()
        from diffusers import UNet2DConditionModel, UNet2DModel

        shared: dict[str, Any] = {
            "sample_size": size,
            "in_channels": image_channels,
            "out_channels": image_channels,
            "block_out_channels": tuple(channels),
            "layers_per_block": layers_per_block,
            "dropout": dropout,
            "norm_num_groups": 8,
        }
        plain = len(channels) - 1  # attention only where the image is smallest
        head = next(each for each in (32, 16, 8) if channels[-1] % each == 0)
        self.unet: Any
        if width is not None:
            self.unet = UNet2DConditionModel(
                **shared,
                down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
                up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
                cross_attention_dim=width,
                attention_head_dim=channels[-1] // head,  # diffusers means the number here
                **_of_the_whole_caption(pooled),
            )
        else:
            self.unet = UNet2DModel(
                **shared,
                down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",),
                up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * plain,
                attention_head_dim=head,
                num_class_embeds=n_classes + 1 if n_classes else None,
            )

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """x (batch, channel, height, width), timestep (batch,) → the prediction, x's shape."""
        added = {name: rows.pop(name) for name in (POOLED, TIME_IDS) if name in rows}
        given: dict[str, Any] = {**rows, **({"added_cond_kwargs": added} if added else {})}
        prediction: Tensor = self.unet(x, timestep, return_dict=False, **given)[0]
        return prediction


def _of_the_whole_caption(pooled: int | None) -> dict[str, Any]:
    """Settings of diffusers' UNet that reads a vector and six sizes as SDXL's does."""
    if pooled is None:
        return {}
    return {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": SIZE_WIDTH,
        "projection_class_embeddings_input_dim": pooled + 6 * SIZE_WIDTH,
    }


def unet(
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    *,
    seed: int,
    channels: list[int],
    layers_per_block: int,
    dropout: float,
) -> DenoisingUNet:
    """The UNet for ``shape`` (channel, height, width) with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.
    """
    image_channels, size, _ = shape
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenoisingUNet(
            size=size,
            image_channels=image_channels,
            channels=channels,
            layers_per_block=layers_per_block,
            dropout=dropout,
            n_classes=conditioner.n_classes,
            width=conditioner.width,
            pooled=conditioner.pooled,
        ).to(memory_format=torch.channels_last)


UNET = Denoiser(unet, exported=lambda network: network.unet)
