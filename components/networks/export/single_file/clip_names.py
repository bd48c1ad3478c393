"""Names of a CLIP text encoder's tensors: transformers' → as they stand in one file.

Stable Diffusion 1 and SDXL's first encoder keep transformers' names; Stable Diffusion 2 and
SDXL's second have OpenCLIP's, in which query, key and value are one matrix.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

_MODEL = "text_model."
_OPEN = {
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}
_LAYER = re.compile(r"text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")
_WITHIN = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_JOINED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")


def as_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """With `text_model.` before every name, which newer transformers leaves out."""
    return {
        name if name.startswith((_MODEL, "text_projection")) else _MODEL + name: tensor
        for name, tensor in tensors.items()
    }


def as_open_clip(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In OpenCLIP's names and shapes.

    Raises:
        KeyError: OpenCLIP has no such layer.
    """
    tensors = as_transformers(tensors)
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name in _OPEN:
            found[_OPEN[name]] = tensor
        elif name == "text_projection.weight":
            found["text_projection"] = tensor.T.contiguous()
        elif layer := _LAYER.fullmatch(name):
            where = f"transformer.resblocks.{layer[1]}."
            if layer[2] in _JOINED:
                parts = [tensors[name.replace(layer[2], part)] for part in _JOINED]
                found[f"{where}attn.in_proj_{layer[3]}"] = torch.cat(parts)
            else:
                found[f"{where}{_WITHIN[layer[2]]}.{layer[3]}"] = tensor
        else:
            raise KeyError(name)
    return found
