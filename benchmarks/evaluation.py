"""Every metric in one pass, beside bare extraction and beside three libraries one by one.

2,000 generated and 2,000 reference images of 96 x 96 pixels, EfficientNet-Lite0 at 96 px: timm's
network as it is (`eager network`), the extractor's engine (`features only`), and all figures. The
reference stands in for the training images, too. Feature caches on disk are off, so that each
round extracts anew; engines are built before. From folders of files decoding is added, once before
extraction (`decode, then features`) and once beside it (`features from files`).
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

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
from components.evaluation.images.image_files import ImageFiles, Pictures
from components.evaluation.images.image_set import ImageSet
from components.evaluation.images.pixels import batch_size, network_input
from components.evaluation.judge import Judge
from components.evaluation.protocol import EvaluationProtocol
from components.evaluation.references import References

SIDE, IMAGES, WORKERS = 96, 2000, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="few images, two rounds")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    images, rounds = (64, 2) if options.quick else (options.images, options.rounds)
    sets = pictures(images, 1), pictures(images, 2)
    bench = Bench(torch.device(options.device))
    size = f"{images} + {images} images at {SIDE} px on {options.device}"
    print(f"engine: {bench.extractor.engine}")
    bench.features(sets[0][:8])
    seconds = in_turn(
        {
            "eager network": lambda: bench.eager(*sets),
            "features only": lambda: bench.features(*sets),
            "every metric": lambda: bench.judge(*sets),
        },
        rounds,
    )
    told = report(f"one pass, {size}", seconds, "features only", options.out)
    _ratio("the engine is", told, "eager network", "features only", "times as fast")
    _ratio("every metric costs", told, "every metric", "features only", "of extraction")
    with tempfile.TemporaryDirectory() as folder:
        folders = [save(Path(folder) / str(n), each) for n, each in enumerate(sets)]
        files = [ImageFiles.in_folder(each) for each in folders]
        peer = Peer(*map(str, folders), bench.device)
        seconds = in_turn(
            {
                "clean-fid FID, KID, prdc": peer.run,
                "decode, then features": lambda: bench.features(*map(decoded, files)),
                "features from files": lambda: bench.features(*files),
                "every metric": lambda: bench.judge(*files),
            },
            rounds,
        )
    report(f"from folders, {size}", seconds, "clean-fid FID, KID, prdc", options.out)


def _ratio(said: str, told: Mapping[str, float], one: str, other: str, unit: str) -> None:
    print(f"{said} {told[one] / told[other]:.2f} {unit}")


class Bench:
    """The network as timm has it, the extractor and the judge, on one device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.extractor = EfficientNetLite0(SIDE, device)
        self._network = load_efficientnet_lite0().to(device)

    def eager(self, *sets: NDArray[np.uint8]) -> None:
        step = batch_size(SIDE)
        with torch.inference_mode():
            for images in sets:
                for start in range(0, len(images), step):
                    pixels = network_input(images[start : start + step], SIDE, self.device)
                    pixels = pixels.contiguous(memory_format=torch.channels_last)
                    self._network(pixels).cpu()

    def features(self, *sets: Pictures) -> None:
        for number, images in enumerate(sets):
            self._bank().features(images, self.extractor.name, SIDE, str(number))

    def judge(self, generated: Pictures, reference: Pictures) -> None:
        real = ImageSet.bare(reference, "reference")
        protocol = EvaluationProtocol((self.extractor.name,), SIDE)
        judge = Judge(protocol, References(real, real), self._bank())
        found = judge.measure(ImageSet.bare(generated, "generated"), 0)
        assert len({*found.figures, *found.left_out}) == 12  # few images allow no fd_infinity

    def _bank(self) -> FeatureBank:
        """Without features, but with the engine, which a process builds once."""
        bank = FeatureBank(self.device)
        bank._extractors[self.extractor.name, SIDE] = self.extractor
        return bank


def decoded(files: ImageFiles) -> NDArray[np.uint8]:
    """All images, which are of one size."""
    return np.concatenate([images for window in files.windows() for _, images in window])


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


class Peer:
    """FID and KID by clean-fid, then prdc, each taking features of both folders as its own
    command would; with the same network, and as many decoders as there are cores."""

    def __init__(self, generated: str, reference: str, device: torch.device) -> None:
        self.folders, self.device = (generated, reference), device
        self.network = _Scaled(load_efficientnet_lite0()).to(device)

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
                device=self.device,
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
