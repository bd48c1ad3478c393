"""Names of the UNet's tensors: diffusers' → LDM's.

LDM counts layers through all resolutions: input_blocks.0 is the first convolution, then come a
resolution's residual layers (`.0`) with attention (`.1`), and one block more to halve.
"""

import re
from collections.abc import Mapping
from typing import Any

PREFIX = "model.diffusion_model."

_SINGLE = {
    "conv_in.": "input_blocks.0.0.",
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",
    "add_embedding.linear_2.": "label_emb.0.2.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
    "mid_block.resnets.0.": "middle_block.0.",
    "mid_block.attentions.0.": "middle_block.1.",
    "mid_block.resnets.1.": "middle_block.2.",
}
_RESIDUAL = {
    "norm1.": "in_layers.0.",
    "conv1.": "in_layers.2.",
    "time_emb_proj.": "emb_layers.1.",
    "norm2.": "out_layers.0.",
    "conv2.": "out_layers.3.",
    "conv_shortcut.": "skip_connection.",
}
_LAYER = re.compile(
    r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\."
)


def unet_name(name: str, config: Mapping[str, Any]) -> str:
    """What LDM calls the tensor ``name`` of a `UNet2DConditionModel` of ``config``.

    Raises:
        KeyError: LDM has no such layer.
    """
    for theirs, ours in _SINGLE.items():
        if name.startswith(theirs):
            rest = name.removeprefix(theirs)
            return PREFIX + ours + (_residual(rest) if ".resnets." in theirs else rest)
    found = _LAYER.match(name)
    if found is None:
        raise KeyError(name)
    way, block, kind, layer = found[1], int(found[2]), found[3], int(found[4])
    rest, blocks = name[found.end() :], config["layers_per_block"] + 1
    if way == "down":
        where = f"input_blocks.{1 + block * blocks + layer}"
        if kind == "downsamplers":
            where = f"input_blocks.{(block + 1) * blocks}"
    else:
        where = f"output_blocks.{block * blocks + layer}"
        if kind == "upsamplers":
            where = f"output_blocks.{(block + 1) * blocks - 1}"
    attends = "CrossAttn" in config[f"{way}_block_types"][block]
    return PREFIX + where + _within(kind, rest, attends=attends)


def _within(kind: str, rest: str, *, attends: bool) -> str:
    if kind == "resnets":
        return f".0.{_residual(rest)}"
    if kind == "attentions":
        return f".1.{rest}"
    if kind == "downsamplers":
        return f".0.op.{rest.removeprefix('conv.')}"
    return f".{2 if attends else 1}.{rest}"


def _residual(rest: str) -> str:
    layer, parameter = rest.rsplit(".", 1)
    return _RESIDUAL[f"{layer}."] + parameter
