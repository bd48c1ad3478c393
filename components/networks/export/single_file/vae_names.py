"""Names and shapes of the VAE's tensors: diffusers' → LDM's, whose decoder counts resolutions
from the finest and whose attention is made of convolutions."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

PREFIX = "first_stage_model."

_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
_LAYER = re.compile(r"(encoder|decoder)\.(?:down|up)_blocks\.(\d+)\.(resnets|\w+samplers)\.(\d+)\.")
_MIDDLE = re.compile(r"(encoder|decoder)\.mid_block\.(resnets|attentions)\.(\d+)\.")


def vae_name(name: str, config: Mapping[str, Any]) -> str:
    """What LDM calls the tensor ``name`` of an `AutoencoderKL` of ``config``."""
    if found := _LAYER.match(name):
        half, block, kind, layer = found[1], int(found[2]), found[3], found[4]
        rest = name[found.end() :].replace("conv_shortcut", "nin_shortcut")
        way = "down"
        if half == "decoder":
            way, block = "up", len(config["block_out_channels"]) - 1 - block
        where = f"block.{layer}" if kind == "resnets" else kind.removesuffix("rs")
        return f"{PREFIX}{half}.{way}.{block}.{where}.{rest}"
    if found := _MIDDLE.match(name):
        half, kind, layer = found[1], found[2], int(found[3])
        rest = name[found.end() :].replace("conv_shortcut", "nin_shortcut")
        if kind == "resnets":
            return f"{PREFIX}{half}.mid.block_{layer + 1}.{rest}"
        part, parameter = rest.rsplit(".", 1)
        return f"{PREFIX}{half}.mid.attn_{layer + 1}.{_ATTENTION[part]}.{parameter}"
    return PREFIX + name.replace("conv_norm_out", "norm_out")


def vae_tensor(name: str, tensor: Tensor) -> Tensor:
    """The tensor in LDM's shape: attention's matrices are convolutions of 1 × 1 pixels."""
    matrix = ".attentions." in name and name.endswith("weight") and tensor.ndim == 2
    return tensor[..., None, None] if matrix else tensor
