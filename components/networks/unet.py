"""The denoising UNet, from diffusers."""

from typing import Any

import torch
from torch import Tensor, nn

TEXT_WIDTH = 384  # all-MiniLM-L6-v2's token states


class DenoisingUNet(nn.Module):
    """diffusers' UNet behind one call: ``net(x, timestep, **rows) -> prediction``.

    Args:
        channels: of each resolution, finest first.
        n_classes: 0 for no class condition; else one more embedding stands for "no class".
        text: whether caption tokens come in through cross-attention.
    """

    def __init__(
        self,
        size: int,
        image_channels: int,
        channels: list[int],
        layers_per_block: int,
        dropout: float,
        n_classes: int = 0,
        text: bool = False,
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
        head = next(width for width in (32, 16, 8) if channels[-1] % width == 0)
        self.unet: Any
        if text:
            self.unet = UNet2DConditionModel(
                **shared,
                down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
                up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
                cross_attention_dim=TEXT_WIDTH,
                attention_head_dim=channels[-1] // head,  # diffusers means the number here
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
        prediction: Tensor = self.unet(x, timestep, return_dict=False, **rows)[0]
        return prediction


def build_unet(
    network: dict[str, Any],
    conditioning: dict[str, Any],
    *,
    size: int,
    image_channels: int,
    n_classes: int,
    seed: int,
) -> DenoisingUNet:
    """The UNet of a ``network`` section with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.
    """
    encoder = conditioning["encoder"]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenoisingUNet(
            size=size,
            image_channels=image_channels,
            channels=network["channels"],
            layers_per_block=network["layers_per_block"],
            dropout=network["dropout"],
            n_classes=n_classes if encoder == "class" else 0,
            text=encoder == "minilm",
        ).to(memory_format=torch.channels_last)
