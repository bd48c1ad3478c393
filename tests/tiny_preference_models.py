"""Preference models of a few kilobytes, made by their own libraries with seeded weights."""

import json
from pathlib import Path

import numpy as np
import open_clip
import torch

from tests.tiny_text_encoders import POSITIONS, tiny_clip_tokenizer

SIDE = 32
HPS_MODEL = "alphabar-tiny-hps"
"""A model of open_clip that its `add_model_config` knows."""

PROMPTS = ["a red cat", "a blue dog", "a small star", "a red cat"]


def tiny_pickscore(folder: Path, seed: int = 0) -> Path:
    """A CLIPModel of transformers with tokenizer and preprocessor, in ``folder``."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    tiny_clip_tokenizer(folder)
    vocab = json.loads((folder / "vocab.json").read_text())
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    tower |= {"num_attention_heads": 2}
    ends = {"bos_token_id": vocab["<|startoftext|>"], "eos_token_id": vocab["<|endoftext|>"]}
    text = {"vocab_size": len(vocab), "max_position_embeddings": POSITIONS, **ends}
    config = CLIPConfig(
        text_config=tower | text | {"pad_token_id": vocab["<|endoftext|>"]},
        vision_config=tower | {"image_size": SIDE, "patch_size": 8},
        projection_dim=8,
        logit_scale_init_value=3.0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = CLIPModel(config)
        for name, parameter in model.named_parameters():  # far from the start, so scores differ
            if name != "logit_scale":
                torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    square = {"height": SIDE, "width": SIDE}
    made = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=square)
    made.save_pretrained(folder)
    return folder


def tiny_hps(path: Path, seed: int = 0) -> Path:
    """A checkpoint of `HPS_MODEL` as HPS's are published: weights under ``state_dict``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = open_clip.create_model(HPS_MODEL)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"epoch": 1, "name": "hps", "state_dict": model.state_dict()}, path)
    return path


def know_tiny_hps(folder: Path) -> str:
    """Tells open_clip of `HPS_MODEL`, whose configuration is written into ``folder``."""
    tower = {"width": 16, "layers": 2}
    config = {
        "embed_dim": 8,
        "vision_cfg": tower | {"image_size": SIDE, "patch_size": 8, "head_width": 8},
        "text_cfg": tower | {"context_length": POSITIONS, "vocab_size": 49408, "heads": 2},
    }
    path = folder / f"{HPS_MODEL}.json"
    path.write_text(json.dumps(config))
    open_clip.add_model_config(path)
    return HPS_MODEL


def pictures(n: int = 4) -> np.ndarray:
    """Images (n, 45, 72, 3) with edges, wider than high."""
    small = np.random.default_rng(0).integers(0, 256, (n, 5, 8, 3), dtype=np.uint8)
    return np.repeat(np.repeat(small, 9, axis=1), 9, axis=2)
