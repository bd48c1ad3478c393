"""Anonymous memory of a training on a million images of 64 px, and what its start costs.

The images are 12.3 GB of a sparse file, each with a class of ten and its caption, mirrored copies
too; the holdout has 200. The real stage `train` runs with a tiny network: some steps with an
evaluation, is stopped, and goes on to a later step with another evaluation. Once from pixels, once
from latents that an autoencoder has left. Before, it runs on 2,000 images, which loads what is
loaded once. 2 GiB are asked, mapped pages not counted.
"""

import argparse
import csv
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.captions import apparent, described, holes
from benchmarks.memory import GIB, Anonymous, anonymous
from components.data.captions import TEXTS
from components.files.digests import file_sha256
from components.files.json_file import write_json
from components.networks.codecs.autoencoder_files import write_autoencoder
from components.runtime import Runtime
from components.spec.sections.codec import CodecSpec
from components.spec.sections.network import ConditioningSpec, NetworkSpec
from components.spec.sections.process import ProcessSpec
from components.spec.sections.training import TrainingSpec
from components.training.autoencoder import new_autoencoder
from components.training.history import EVALUATIONS_FILE
from components.training.latents import FILE, MIRRORED
from components.training.train import train
from flows.run.stages import prepare_process

SIDE, FEW, HELD, CLASSES = 64, 2000, 200, 10
CODEC = CodecSpec(kind="autoencoder", downsample=8, latent_channels=4, width=8)
MIB = 2**20
LIMIT = 2 * GIB

Inputs = dict[str, Path]


class StoppedError(Exception):
    """Raised on the way, as a kill would end it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--quick", action="store_true", help="20,000 images and a few steps")
    options = parser.parse_args()
    if options.quick:
        options.images, options.steps, options.batch_size = 20_000, 4, 16
    prepare_process(threads=None)
    most = 0
    for kind, make in {"pixels": make_pixels, "latents": make_latents}.items():
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            warm, whole = make(root / "warm", FEW), make(root / "whole", options.images)
            size = apparent(root / "whole")
            before = anonymous()
            few = peak(warm, root / "of-few", options.steps, options.batch_size)
            many = peak(whole, root / "of-many", options.steps, options.batch_size)
            most = max(most, few - before, many - before)
            above, more = ((many - other) / MIB for other in (before, few))
            order = options.images * 8 / MIB
            print(
                f"{kind}: {options.images:,} images, {size:.1f} GiB of files: at most {above:.0f} "
                "MiB of anonymous memory above what there was, with the network and all that is "
                f"loaded once, {more:.0f} MiB more than with {FEW:,} images; the order of a pass "
                f"has {order:.0f} MiB"
            )
            if kind == "pixels":
                start = time.perf_counter()
                file_sha256(whole["data"] / "train.npy")
                took = time.perf_counter() - start
                print(f"each process that trains reads them once to check them: {took:.1f} s")
    print(f"{LIMIT / MIB:.0f} MiB are asked: {'met' if most <= LIMIT else 'not met'}")


def make_pixels(folder: Path, images: int, side: int = SIDE) -> Inputs:
    """Prepared data, the holdout real and the training images holes in a file."""
    data = folder / "data"
    data.mkdir(parents=True)
    holes(data / "train.npy", (images, side, side, 3), np.uint8)
    held = np.random.default_rng(0).integers(0, 256, (HELD, side, side, 3), np.uint8)
    np.save(data / "holdout.npy", held)
    for split, count in {"train": images, "holdout": HELD}.items():
        with (data / f"{split}.csv").open("w") as file:
            file.write("file_name,label,class,drawing\n")
            file.writelines(f"{k}.png,{k % CLASSES},{k % CLASSES},{k}\n" for k in range(count))
        np.save(data / f"{split}-caption-offsets.npy", np.arange(count + 1))
        np.save(data / f"{split}-caption-ids.npy", np.arange(count) % CLASSES)
    (data / TEXTS).write_text("caption\n" + "".join(f"a {k}\n" for k in range(CLASSES)))
    classes = [str(k) for k in range(CLASSES)]
    about = described(images) | {"size": side, "classes": classes, "flip": True, "n_holdout": HELD}
    write_json(data / "dataset.json", about)
    return {"data": data}


def make_latents(folder: Path, images: int, side: int = SIDE) -> Inputs:
    """The same with an untrained autoencoder, and holes where its latents are."""
    inputs = make_pixels(folder, images, side)
    made = {name: folder / name for name in ("autoencoder", "encoded")}
    for each in made.values():
        each.mkdir()
    write_autoencoder(made["autoencoder"], new_autoencoder(CODEC, 3))
    small = side // CODEC.downsample
    for name in (FILE, MIRRORED):
        holes(made["encoded"] / name, (images, 2, CODEC.latent_channels, small, small), np.float16)
    return inputs | made


def peak(inputs: Inputs, folder: Path, steps: int, batch_size: int = 128) -> int:
    """The most bytes of anonymous memory in a training and its going on."""
    with Anonymous() as memory:
        run(inputs, folder, steps, batch_size)
    return memory.most


def run(inputs: Inputs, folder: Path, steps: int, batch_size: int) -> None:
    """Train, be stopped after three quarters, and go on from half the way."""
    out = folder / "out"
    for each in (out, folder / "scratch"):
        each.mkdir(parents=True)
    values = spec(inputs, steps, batch_size)
    try:
        train(values, inputs, out, runtime(folder, stops_at=3 * steps // 4))
    except StoppedError:
        train(values, inputs, out, runtime(folder))
    else:
        raise AssertionError("it was to be stopped")
    with (out / EVALUATIONS_FILE).open() as file:
        seen = {int(row["step"]) for row in csv.DictReader(file)}
    assert {steps // 2, steps} <= seen, f"evaluations were missed: only {sorted(seen)} are there"


def runtime(folder: Path, stops_at: int | None = None) -> Runtime:
    def progress(done: int, total: int, note: str = "") -> None:
        if done == stops_at:
            raise StoppedError

    scratch, cache = folder / "scratch", folder / "cache"
    return Runtime(progress, accelerator="cpu", scratch=scratch, cache=cache)


def spec(inputs: Inputs, steps: int, batch_size: int) -> dict[str, Any]:
    training = TrainingSpec(
        steps=steps,
        batch_size=batch_size,
        checkpoint_every=steps // 2,
        evaluate_every=steps // 2,
        evaluate_samples=20,
        evaluate_steps=2,
    )
    channels = [8] if "encoded" in inputs else [8, 8, 8, 8]  # attention at 8 px
    sections: dict[str, Any] = {
        "codec": CODEC if "encoded" in inputs else CodecSpec(),
        "conditioning": ConditioningSpec(encoder="class"),
        "network": NetworkSpec(channels=channels, layers_per_block=1),
        "process": ProcessSpec(),
        "training": training,
    }
    return {name: section.model_dump(mode="json") for name, section in sections.items()}


if __name__ == "__main__":
    main()
