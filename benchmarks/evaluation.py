"""Every metric in one pass, beside bare extraction and beside three libraries one by one.

2,000 generated and 2,000 reference images of 96 x 96 pixels, EfficientNet-Lite0 at 96 px. The
reference stands in for the training images, too. Feature caches on disk are off, so that each
round extracts anew.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cleanfid import fid
from numpy.typing import NDArray
from PIL import Image
from prdc import compute_prdc
from torch import nn

from benchmarks.timing import in_turn, report
from components.evaluation.extractors.efficientnet import EfficientNetLite0, load_efficientnet_lite0
from components.evaluation.features.feature_bank import FeatureBank
from components.evaluation.images.image_files import ImageFiles
from components.evaluation.images.image_set import ImageSet
from components.evaluation.images.pixels import batch_size
from components.evaluation.judge import Judge
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.references import References

SIDE, IMAGES, WORKERS = 96, 2000, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    generated, reference = pictures(options.images, 1), pictures(options.images, 2)
    size = f"{options.images} + {options.images} images at {SIDE} px"
    seconds = in_turn(
        {
            "features only": lambda: extract(generated, reference),
            "every metric": lambda: judge(generated, reference),
        },
        options.rounds,
    )
    report(f"one pass, {size}", seconds, "features only", options.out)
    with tempfile.TemporaryDirectory() as folder:
        folders = [save(Path(folder) / name, images) for name, images in
                   (("generated", generated), ("reference", reference))]  # fmt: skip
        peer = Peer(*map(str, folders))
        seconds = in_turn(
            {
                "clean-fid FID, KID, prdc": peer.run,
                "every metric": lambda: judge(*map(ImageFiles.in_folder, folders)),
            },
            options.rounds,
        )
    report(f"from folders, {size}", seconds, "clean-fid FID, KID, prdc", options.out)


def pictures(n: int, seed: int) -> NDArray[np.uint8]:
    """Smooth random colour pictures (n, 96, 96, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 6, 6, 3), np.uint8)
    return np.stack(
        [
            np.asarray(Image.fromarray(c).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
            for c in coarse
        ]
    )


def save(folder: Path, images: NDArray[np.uint8]) -> Path:
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:05d}.png", compress_level=1)
    return folder


def extract(*sets: NDArray[np.uint8]) -> None:
    extractor = EfficientNetLite0(SIDE, torch.device("cpu"))
    for images in sets:
        extractor(images)


def judge(generated: Any, reference: Any) -> None:
    real = ImageSet.bare(reference, "reference")
    protocol = EvaluationProtocol(("efficientnet_lite0",), SIDE)
    found = Judge(protocol, References(real, real), FeatureBank("cpu")).measure(
        ImageSet.bare(generated, "generated"), 0
    )
    assert len(found.figures) == 12, sorted(found.left_out)


class Peer:
    """FID and KID by clean-fid, then prdc, each taking features of both folders as its own
    command would; with the same network, and as many decoders as there are cores."""

    def __init__(self, generated: str, reference: str) -> None:
        self.folders = (generated, reference)
        self.network = _Scaled(load_efficientnet_lite0())

    def run(self) -> None:
        generated, reference = self.features()
        fid.frechet_distance(*_moments(generated), *_moments(reference))
        generated, reference = self.features()
        fid.kernel_distance(reference, generated)
        generated, reference = self.features()
        compute_prdc(reference, generated, nearest_k=5)

    def features(self) -> list[NDArray[np.float32]]:
        return [
            fid.get_folder_features(
                folder,
                model=self.network,
                num_workers=WORKERS,
                batch_size=batch_size(SIDE),
                device=torch.device("cpu"),
                custom_fn_resize=_as_it_is,
                verbose=False,
            )
            for folder in self.folders
        ]


class _Scaled(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = (pixels / 255.0 - 0.5) / 0.5
        features: torch.Tensor = self.network(scaled.contiguous(memory_format=torch.channels_last))
        return features


def _as_it_is(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    return image.astype(np.float32)


def _moments(features: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return features.mean(axis=0, dtype=np.float64), np.cov(
        features.astype(np.float64), rowvar=False
    )


if __name__ == "__main__":
    main()
