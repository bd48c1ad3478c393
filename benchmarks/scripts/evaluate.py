"""Judge a folder of images: clean-fid's FID and KID, prdc, and torchmetrics' CLIPScore, one after
another, each reading the folders anew, as their commands do."""

import argparse
import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from cleanfid import fid
from cleanfid.resize import make_resizer
from numpy.typing import NDArray
from PIL import Image
from prdc import compute_prdc
from torch import nn
from torchmetrics.multimodal.clip_score import CLIPScore

from components.evaluation.domain_clip import load_scorer
from components.evaluation.extractors.efficientnet import load_efficientnet_lite0
from components.evaluation.images.pixels import network_input

BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generated", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("prompts", type=Path, help="a table with a column caption")
    parser.add_argument("scorer", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, required=True, help="side at which they are looked at")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()

    network = Extractor()
    resize = make_resizer("PIL", False, "bilinear", (options.size, options.size))

    def features() -> list[NDArray[np.float32]]:
        return [
            fid.get_folder_features(
                str(folder),
                model=network,
                num_workers=options.workers,
                batch_size=BATCH,
                device=torch.device("cpu"),
                custom_fn_resize=resize,
                verbose=False,
            )
            for folder in (options.generated, options.reference)
        ]

    np.random.seed(0)
    figures = {"fd": float(fid.fid_from_feats(*features()))}
    generated, reference = features()
    figures["kd"] = fid.kernel_distance(reference, generated)
    generated, reference = features()
    figures |= {k: float(v) for k, v in compute_prdc(reference, generated, nearest_k=5).items()}
    figures["clip"] = clip_score(options.generated, options.prompts, options.scorer)
    options.out.write_text(json.dumps(figures))


class Extractor(nn.Module):
    """The network of `efficientnet_lite0` on pixels of 0..255, as clean-fid gives them."""

    def __init__(self) -> None:
        super().__init__()
        self.network = load_efficientnet_lite0()

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = (pixels / 255.0 - 0.5) / 0.5
        features: torch.Tensor = self.network(scaled.contiguous(memory_format=torch.channels_last))
        return features


@torch.no_grad()
def clip_score(folder: Path, prompts: Path, scorer: Path) -> float:
    """torchmetrics' CLIPScore by our scorer, which is put in as its documentation has it."""
    with prompts.open() as file:
        captions = [row["caption"] for row in csv.DictReader(file)]
    clip = ScorerModel(scorer)
    metric = CLIPScore(lambda: (clip, clip.process))  # type: ignore[arg-type,return-value]
    paths = sorted(folder.glob("*.png"))
    for start in range(0, len(paths), BATCH):
        part = [np.atleast_3d(np.asarray(Image.open(p))) for p in paths[start : start + BATCH]]
        images = [torch.from_numpy(image.copy()).permute(2, 0, 1) for image in part]
        asked = [captions[(start + k) % len(captions)] for k in range(len(part))]
        metric.update(images, asked)
    return float(metric.compute())


class ScorerModel(nn.Module):
    """The domain CLIP as `transformers` would have it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.clip = load_scorer(folder)
        self.model = self.clip.model
        self.config = SimpleNamespace()

    def process(self, images: Any = None, text: Any = None, **_: Any) -> dict[str, torch.Tensor]:
        if images is not None:
            pixels = np.stack([image.permute(1, 2, 0).numpy() for image in images])
            size = self.clip.config.size
            return {"pixel_values": network_input(pixels, size, torch.device("cpu"))}
        tokens = next(self.clip.tokens(text))
        return {"input_ids": tokens, "attention_mask": torch.ones_like(tokens)}

    def get_image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.encode_image(pixels)
        return features

    def get_text_features(self, tokens: torch.Tensor, _mask: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.model.encode_text(tokens)
        return features


if __name__ == "__main__":
    main()
