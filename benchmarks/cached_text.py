"""A training step from cached latents and text, beside one that encodes both, as others do it.

The networks, images and batches are those of experiments/openmoji.yaml: an autoencoder of width 32
that makes 32 px four times smaller, a UNet of 64 and 128 channels, captions through
all-MiniLM-L6-v2, 128 images a step. Weights and images are random, captions are OpenMoji's.

One side is what `alphabar run` does in a step, read from what its stage `encode` has written. The
other is the loop of diffusers' examples/text_to_image/train_text_to_image.py: VAE and text encoder
under no_grad in every step, `DDPMScheduler.add_noise`, AdamW, clipping, the moving average
(`--use_ema`). That script pads captions to the tokenizer's `model_max_length`, 512 tokens here;
beside it stands the same loop with captions padded to the longest of a batch, as ours are.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import EMAModel
from torch import nn
from torch.nn.functional import mse_loss
from transformers import AutoModel, AutoTokenizer

from benchmarks.captions import described
from benchmarks.timing import in_turn, report
from components.data.captions import write_captions
from components.data.readers.minilm import encoder_folder
from components.data.sources.openmoji import files
from components.files.json_file import write_json
from components.networks.checkpoint import Checkpoint, new_checkpoint
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import read_autoencoder, write_autoencoder
from components.runtime import Runtime
from components.spec.model_config import new_config
from components.spec.sections.codec import CodecSpec
from components.spec.sections.training import TrainingSpec
from components.training.autoencoder import new_autoencoder
from components.training.batches import Batches, TrainingData
from components.training.denoising_task import denoising_task
from components.training.encode import encode
from components.training.module import TrainingModule

SIDE, BATCH = 32, 128
CODEC: dict[str, Any] = {"kind": "autoencoder", "downsample": 4, "latent_channels": 4, "width": 32}
SECTIONS: dict[str, Any] = {
    "conditioning": {"encoder": "minilm", "dropout": 0.1, "max_tokens": None},
    "network": {"channels": [64, 128], "layers_per_block": 2},
    "process": {"schedule": "cosine", "prediction": "v"},
}
OURS, THEIRS, SHORT = "cached", "encoded in every step", "the same, captions padded as ours"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        inputs = make(Path(folder))
        sides: dict[str, Callable[[], object]] = {
            OURS: Cached(inputs).step,
            THEIRS: Encoding(inputs, whole=True).step,
            SHORT: Encoding(inputs, whole=False).step,
        }
        in_turn(sides, 1)  # warm
        seconds = in_turn(sides, options.rounds)
    title = f"a training step of {BATCH} images at {SIDE} px"
    medians = report(title, seconds, OURS, options.out)
    for name in (THEIRS, SHORT):
        print(f"{OURS}: {medians[name] / medians[OURS]:.2f} times faster than {name}")
    print("1.5 times faster is asked")


def make(folder: Path) -> dict[str, Path]:
    """Prepared data, an untrained autoencoder, and what the stage `encode` makes of them."""
    names = ("data", "autoencoder", "encoded", "text")
    inputs = {name: folder / name for name in names}
    for each in inputs.values():
        each.mkdir()
    texts = captions()
    images = np.random.default_rng(0).integers(0, 256, (len(texts), SIDE, SIDE, 3), np.uint8)
    np.save(inputs["data"] / "train.npy", images)
    write_captions(inputs["data"], {"train": [[text] for text in texts]})
    write_json(inputs["data"] / "dataset.json", described(len(texts)))
    write_autoencoder(inputs["autoencoder"], new_autoencoder(CodecSpec(**CODEC), 3))
    runtime = Runtime(accelerator="cpu")
    encode({"kind": CODEC["kind"]}, inputs, inputs["encoded"], runtime)
    encode({"conditioning": SECTIONS["conditioning"]}, inputs, inputs["text"], runtime)
    return inputs


def captions() -> list[str]:
    """Of OpenMoji's drawings in colour."""
    (table,) = (content for path, content in files() if path == "metadata.csv")
    rows = csv.DictReader(table.decode().splitlines())
    return [row["caption"] for row in rows if row["style"] == "color"]


def model_of(inputs: dict[str, Path]) -> Checkpoint:
    codec = config_of(inputs["autoencoder"], CODEC["kind"]).model_dump()
    images = {"size": SIDE, "channels": 3, "classes": []}
    config = new_config(SECTIONS | {"codec": codec, "images": images})
    return new_checkpoint(config, 0, codec=inputs["autoencoder"], states=inputs["text"])


class Cached:
    """Our steps: the module that Lightning trains, on the batches that it is given."""

    def __init__(self, inputs: dict[str, Path]) -> None:
        training = TrainingSpec(batch_size=BATCH, evaluate_every=0)
        task = denoising_task(model_of(inputs), training)
        self.module = TrainingModule(task, training)
        made = self.module.configure_optimizers()
        self.optimizer, self.scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
        last = training.steps
        batches = Batches(task.data(inputs), batch_size=BATCH, first=0, last=last, seed=0)
        self.data, self.left = TrainingData(batches), iter(batches)

    def step(self) -> None:
        batch = self.data.on_after_batch_transfer(next(self.left), 0)
        loss = self.module.training_step(batch, 0)
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.network.parameters(), 1.0)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        self.module.move_average()


class Encoding:
    """Their steps: the loop of train_text_to_image.py.

    Args:
        whole: pad captions to the tokenizer's limit, as the script does; else to the longest of a
            batch.
    """

    def __init__(self, inputs: dict[str, Path], *, whole: bool) -> None:
        self.vae = read_autoencoder(inputs["autoencoder"])
        folder = str(encoder_folder())
        self.encoder = AutoModel.from_pretrained(folder, local_files_only=True).requires_grad_(
            False
        )
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.texts = [self.tokenizer(text, truncation=True).input_ids for text in captions()]
        self.padding = "max_length" if whole else "longest"
        self.images = torch.from_numpy(np.load(inputs["data"] / "train.npy")).permute(0, 3, 1, 2)
        self.unet = model_of(inputs).network.train()
        self.noise = DDPMScheduler(1000, prediction_type="v_prediction")
        self.optimizer = torch.optim.AdamW(self.unet.parameters(), lr=1e-4)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: 1.0)
        self.average = EMAModel(self.unet.parameters(), decay=0.999)
        self.random = np.random.default_rng(0)

    def step(self) -> None:
        chosen = self.random.integers(0, len(self.texts), BATCH)
        pixels = self.images[torch.from_numpy(chosen)].float() / 127.5 - 1
        tokens = self.tokenizer.pad(
            {"input_ids": [self.texts[k] for k in chosen]},
            padding=self.padding,
            max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        )
        with torch.no_grad():
            latents = self.vae.encode(pixels).latent_dist.sample()
            latents = latents * self.vae.config.scaling_factor
            states = self.encoder(**tokens).last_hidden_state
        noise = torch.randn_like(latents)
        times = torch.randint(0, self.noise.config.num_train_timesteps, (BATCH,))
        noisy = self.noise.add_noise(latents, noise, times)
        target = self.noise.get_velocity(latents, noise, times)
        rows = {"encoder_hidden_states": states, "encoder_attention_mask": tokens.attention_mask}
        loss = mse_loss(self.unet(noisy, times, **rows).float(), target.float())
        loss.backward()
        nn.utils.clip_grad_norm_(self.unet.parameters(), 1.0)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        self.average.step(self.unet.parameters())


if __name__ == "__main__":
    main()
