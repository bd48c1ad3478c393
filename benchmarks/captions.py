"""Peak memory of what a denoiser trains on: a million images, their captions and text states.

Two data sets of as many images: with 50,000 distinct captions of 12 tokens, and with a million of
77. Their states lie on the disk as the stage `encode` leaves them; the file is one of holes, which
reads as zeros, so that little of the disk is needed. What is asked is that memory grows by no more
than one batch; the order in which a pass shows the images takes eight bytes each beside it.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.lib import format as npy

from benchmarks.memory import GIB, peak
from components.data.captions import TEXTS
from components.files.json_file import write_json
from components.generation.prompts import images_of
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.networks.conditioners.stored_states import OFFSETS, STATES
from components.spec.model_config import new_config
from components.spec.sections.training import TrainingSpec
from components.training.batches import Batches
from components.training.denoising_task import training_images

WIDTH, SIDE, BATCH = 384, 32, 128
WARM, HELD = 2000, 100
CASES = {"50,000 captions of 12 tokens": (50_000, 12), "as many captions of 77 tokens": (0, 77)}
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    for name, (distinct, tokens) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            warm, whole = Path(folder) / "warm", Path(folder) / "whole"
            make(warm, WARM, min(distinct, WARM) or WARM, tokens)
            make(whole, options.images, distinct or options.images, tokens)
            read(warm, options.steps)
            before = peak()
            bytes_of_a_batch = read(whole, options.steps)
            grown = (peak() - before) * GIB / MIB
            batch, order = bytes_of_a_batch / MIB, options.images * 8 / MIB
            print(f"{options.images:,} images, {name}, {apparent(whole):.1f} GiB of files: the "
                  f"peak is {grown:.0f} MiB above that of {WARM:,} images; a batch has "
                  f"{batch:.0f} MiB, the order of a pass {order:.0f} MiB")  # fmt: skip


def make(folder: Path, images: int, distinct: int, tokens: int) -> None:
    """Prepared data with text states beside it, written without holding it."""
    data, text = folder / "data", folder / "text"
    for each in (data, text):
        each.mkdir(parents=True)
    for split, count in {"train": images, "holdout": HELD}.items():
        holes(data / f"{split}.npy", (count, SIDE, SIDE, 3), np.uint8)
        with (data / f"{split}.csv").open("w") as file:
            file.write("file_name,label,class,drawing\n")
            file.writelines(f"{k}.png,,-1,{k}\n" for k in range(count))
        np.save(data / f"{split}-caption-offsets.npy", np.arange(count + 1))
        np.save(data / f"{split}-caption-ids.npy", np.arange(count) * 7919 % distinct)
    with (data / TEXTS).open("w") as file:
        file.write("caption\n")
        file.writelines(f"{k:09d}{' word' * (tokens - 3)}\n" for k in range(distinct))
    write_json(data / "dataset.json", described(images))
    holes(text / STATES, (tokens * distinct + 2, WIDTH), np.float16)
    np.save(text / OFFSETS, np.append(np.arange(distinct + 1) * tokens, tokens * distinct + 2))


def described(images: int) -> dict[str, object]:
    return {
        "source": "folder", "name": "made", "style": None, "size": SIDE, "channels": 3,
        "classes": [], "n_train": images, "n_holdout": 0, "data_hash": "", "caption_tokens": {},
        "several_captions": 0, "fit": "crop", "not_square": 0, "flip": False,
    }  # fmt: skip


def holes(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    """An .npy file of zeros that takes no place."""
    with path.open("wb") as file:
        descr = npy.dtype_to_descr(np.dtype(dtype))
        npy.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize)


def read(folder: Path, steps: int) -> int:
    """Begin as the stage `train` does and read the batches of so many steps; the bytes of the
    largest."""
    inputs = {"data": folder / "data", "text": folder / "text"}
    data = training_images(model(inputs), TrainingSpec(), inputs)
    batches = Batches(data, batch_size=BATCH, first=0, last=steps, seed=0)
    return max(map(size, batches))


def size(batch: tuple[int, torch.Tensor, dict[str, torch.Tensor]]) -> int:
    _, images, rows = batch
    return images.nbytes + sum(tensor.nbytes for tensor in rows.values())


def model(inputs: dict[str, Path]) -> Checkpoint:
    sections = {
        "codec": {"kind": "pixels"},
        "conditioning": {"encoder": "minilm"},
        "network": {"channels": [8], "layers_per_block": 1},
        "process": {},
        "images": images_of(inputs["data"]).model_dump(),
    }
    return new_checkpoint(new_config(sections), 0, states=inputs["text"])


def apparent(folder: Path) -> float:
    """GiB that the files say they have."""
    return sum(path.stat().st_size for path in files(folder)) / GIB


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
