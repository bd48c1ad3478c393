"""The denoising UNet, from diffusers."""

from typing import Any

from torch import Tensor, nn

from components.networks.conditioners import Conditioner
from components.networks.conditioners.rows import POOLED, TIME_IDS
from components.networks.denoisers.denoiser import Denoiser
from components.networks.seeded import seeded

SIZE_WIDTH = 256
"""Of the embedding of each of SDXL's six sizes."""

USUAL_HEADS = (32, 16, 8)
"""Channels of an attention head, where the file does not say: the first that fits."""


class DenoisingUNet(nn.Module):
    """diffusers' UNet behind one call: ``net(x, timestep, **rows) -> prediction``.

    What diffusers calls ``attention_head_dim`` is the *number* of heads, one for each resolution,
    in `UNet2DConditionModel`, and the *channels* of each head, the same at every resolution, in
    `UNet2DModel`. Here a head has as many channels at every resolution in both.

    Args:
        channels: of each resolution, finest first.
        attention: layers of attention after each residual layer, by resolution; the middle has
            the smallest's, and at least one.
        head_channels: of an attention head; None for the most of `USUAL_HEADS` that divide.
        n_classes: 0 for no class condition; else one more embedding stands for "no class".
        width: of the token states that come in through cross-attention; None without such.
        pooled: width of the vector of the whole caption, which comes in with SDXL's sizes beside
            the timestep, with zeros where the encoder has no sizes (Stable Diffusion 3's and
            Flux's); None without such.
    """

    def __init__(
        self,
        size: int,
        image_channels: int,
        channels: list[int],
        layers_per_block: int,
        dropout: float,
        attention: list[int],
        head_channels: int | None = None,
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
        head = head_channels or _usual_head(channels, attention)
        kind = "Attn" if width is None else "CrossAttn"
        named = [kind if layers else "" for layers in attention]
        shared |= {
            "down_block_types": tuple(f"{name}DownBlock2D" for name in named),
            "up_block_types": tuple(f"{name}UpBlock2D" for name in reversed(named)),
        }
        self.unet: Any
        if width is not None:
            self.unet = UNet2DConditionModel(
                **shared,
                cross_attention_dim=width,
                attention_head_dim=tuple(max(1, count // head) for count in channels),
                transformer_layers_per_block=tuple(max(1, layers) for layers in attention),
                **_of_the_whole_caption(pooled),
            )
        else:
            self.unet = UNet2DModel(
                **shared,
                attention_head_dim=head,
                num_class_embeds=n_classes + 1 if n_classes else None,
            )

    def forward(self, x: Tensor, timestep: Tensor, **rows: Tensor) -> Tensor:
        """x (batch, channel, height, width), timestep (batch,) → the prediction, x's shape."""
        added = {name: rows.pop(name) for name in (POOLED, TIME_IDS) if name in rows}
        if POOLED in added:
            added.setdefault(TIME_IDS, x.new_zeros(len(x), 6))
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


def _usual_head(channels: list[int], attention: list[int]) -> int:
    """The most channels of a head that divide those of every resolution with attention."""
    attends = [count for count, layers in zip(channels, attention, strict=True) if layers]
    attends.append(channels[-1])  # the middle
    return next(head for head in USUAL_HEADS if not any(count % head for count in attends))


def unet(
    shape: tuple[int, int, int],
    conditioner: Conditioner,
    *,
    seed: int,
    channels: list[int],
    layers_per_block: int,
    dropout: float,
    attention: list[int] | None = None,
    head_channels: int | None = None,
) -> DenoisingUNet:
    """The UNet for ``shape`` (channel, height, width) with weights drawn from ``seed``.

    The global generator, which diffusers draws from, is left as it was.

    Args:
        attention: as `DenoisingUNet` has it; None for one layer at the smallest resolution.
    """
    image_channels, size, _ = shape
    with seeded(seed):
        return DenoisingUNet(
            size=size,
            image_channels=image_channels,
            channels=channels,
            layers_per_block=layers_per_block,
            dropout=dropout,
            attention=attention or [0] * (len(channels) - 1) + [1],
            head_channels=head_channels,
            n_classes=conditioner.n_classes,
            width=conditioner.width,
            pooled=conditioner.pooled,
        )


UNET = Denoiser(unet, exported=lambda network: network.unet)
