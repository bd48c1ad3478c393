"""A training step of ours, beside diffusers' loop and beside the bare network.

Ours is what `alphabar run` does: Lightning's trainer with all callbacks, data from a prepared
folder, history, moving average. The peer is the loop of diffusers' examples
unconditional_image_generation/train_unconditional.py, with its transforms, `DDPMScheduler`, AdamW,
clipping, scheduler, `EMAModel` and the loss that it logs in every step, without Accelerate, which
one process does not need. Bare is forward, MSE, backward, clipping and AdamW on fixed tensors.

All sides have the same network, batch and precision; stretches of steps are timed in turn, within
one run of ours. Images and weights are random.
"""

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from diffusers import DDPMScheduler
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.captions import described
from benchmarks.timing import report
from components.data.captions import write_captions
from components.files.json_file import write_json
from components.meter import COMPILE_SECONDS, Meter
from components.networks.checkpoint import new_checkpoint
from components.networks.compiled import compilations, compile_network
from components.runtime import Runtime
from components.spec.model_config import new_config
from components.spec.sections.training import TrainingSpec
from components.training.denoising_task import denoising_task
from components.training.fit import ready
from components.training.resume import rewind
from components.training.run import Run
from components.training.stopwatch import Stopwatch

OURS, PEER, BARE = "ours", "diffusers' loop", "bare network"
IMAGES = 2048
TOLD = {
    "conditioning": {"encoder": "none"},
    "process": {"schedule": "linear", "prediction": "eps"},
    "codec": {"kind": "pixels"},
}


@dataclass(frozen=True)
class Work:
    """What every side does."""

    side: int
    batch: int
    stretch: int
    networks: dict[str, dict[str, Any]]


UNET, DIT = "UNet", "DiT"
OF_DEVICE = {
    "cpu": Work(
        32,
        32,
        10,
        {
            UNET: {"channels": [32, 64, 128], "layers_per_block": 2},
            DIT: {"kind": "transformer", "patch": 4, "depth": 8, "width": 192, "heads": 6},
        },
    ),
    "cuda": Work(
        64,
        256,
        50,
        {
            UNET: {"channels": [128, 256, 384, 512], "layers_per_block": 2},
            DIT: {"kind": "transformer", "patch": 4, "depth": 12, "width": 640, "heads": 10},
        },
    ),
}
QUICK = Work(
    8,
    4,
    2,
    {
        UNET: {"channels": [8, 16], "layers_per_block": 1},
        DIT: {"kind": "transformer", "patch": 4, "depth": 1, "width": 32, "heads": 2},
    },
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--device", choices=list(OF_DEVICE), default="cpu")
    parser.add_argument("--network", choices=[UNET, DIT], action="append")
    parser.add_argument("--precision", choices=["32-true", "bf16-mixed"], default="32-true")
    parser.add_argument("--compile", action="store_true", help="ours and bare compiled, too")
    parser.add_argument("--quick", action="store_true", help="a run of seconds")
    options = parser.parse_args()
    work = QUICK if options.quick else OF_DEVICE[options.device]
    for name in options.network or work.networks:
        bench = Bench(work, name, options.device, options.precision)
        eager = _told(bench, False, options.rounds, options.out)
        if options.compile:
            compiled = _told(bench, True, options.rounds, options.out)
            gain = (eager[OURS] - compiled[OURS]) / work.stretch
            if gain > 0:
                print(f"compiling has paid after {bench.compile_seconds / gain:,.0f} steps")
            else:
                print("compiling does not pay")


def _told(bench: "Bench", compiled: bool, rounds: int, out: Path | None) -> dict[str, float]:
    work = bench.work
    how = f"{bench.device}, {bench.precision}{', compiled' if compiled else ''}"
    title = f"{work.stretch} training steps of the {bench.name}, {work.batch} images, {how}"
    medians = report(title, bench.seconds(compiled, rounds), OURS, out)
    images = work.batch * work.stretch
    for name, seconds in medians.items():
        ratio = seconds / medians[OURS]
        print(f"{name}: {images / seconds:.1f} images/s; ours is {ratio:.3f} times as fast")
    return medians


class Bench:
    """The sides of one network."""

    def __init__(self, work: Work, name: str, device: str, precision: str) -> None:
        self.work, self.name = work, name
        self.precision: Any = precision
        self.device = torch.device(device)
        self.compile_seconds = 0.0

    def seconds(self, compiled: bool, rounds: int) -> dict[str, list[float]]:
        """Of each side, those of so many stretches."""
        with tempfile.TemporaryDirectory() as folder:
            run, inputs = self._run(Path(folder), compiled, rounds)
            others: dict[str, Callable[[], object]] = {
                PEER: Peer(self, inputs["data"], run.task.network).step,
                BARE: Bare(self, run.task.network, compiled).step,
            }
            turns = Turns(others, self.work.stretch, self.device)
            trainer, module, data = ready(run, inputs, 0)
            trainer.callbacks.append(turns)  # type: ignore[attr-defined]
            trainer.fit(module, datamodule=data)
        self.compile_seconds = run.meter.costs().get(COMPILE_SECONDS, 0.0)
        return turns.seconds

    def autocast(self) -> Any:
        """As both sides compute."""
        if self.precision == "32-true":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def _run(self, folder: Path, compiled: bool, rounds: int) -> tuple[Run, dict[str, Path]]:
        data, scratch = folder / "data", folder / "scratch"
        for each in (data, scratch):
            each.mkdir()
        write_images(data, self.work.side)
        training = TrainingSpec(
            steps=self.work.stretch * (rounds + 1),
            batch_size=self.work.batch,
            evaluate_every=0,
            checkpoint_every=1_000_000,
            precision=self.precision,
            compile="on" if compiled else "off",
        )
        size = {"size": self.work.side, "channels": 3, "classes": []}
        config = new_config(TOLD | {"network": self.work.networks[self.name], "images": size})
        task = denoising_task(new_checkpoint(config, 0), training)
        task.network.to(self.device)
        accelerator = "gpu" if self.device.type == "cuda" else "cpu"
        meter = Meter(self.device.type, compiled=compilations)
        runtime = Runtime(accelerator=accelerator)
        run = Run(task, training, runtime, scratch, None, Stopwatch(), meter)
        rewind(scratch, None, 0)
        return run, {"data": data}


class Turns(pl.Callback):
    """After each stretch of ours, one of every other side; the first of each warms up."""

    def __init__(
        self, others: dict[str, Callable[[], object]], stretch: int, device: torch.device
    ) -> None:
        self.others, self.stretch, self.device = others, stretch, device
        self.seconds: dict[str, list[float]] = {name: [] for name in (OURS, *others)}
        self.since = 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = trainer.global_step
        if step % self.stretch:
            return
        self._stops(OURS, step)
        for name, take in self.others.items():
            self._starts()
            for _ in range(self.stretch):
                take()
            self._stops(name, step)
        self._starts()

    def _starts(self) -> None:
        self._wait()
        self.since = time.perf_counter()

    def _stops(self, name: str, step: int) -> None:
        self._wait()
        if step > self.stretch:
            self.seconds[name].append(time.perf_counter() - self.since)

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()


class Bare:
    """The network on fixed tensors, as ours lays it out in memory."""

    def __init__(self, bench: Bench, network: nn.Module, compiled: bool) -> None:
        work, self.bench = bench.work, bench
        self.network = copy.deepcopy(network).train()
        if compiled:
            compile_network(self.network, grad=True)
        shape = (work.batch, 3, work.side, work.side)
        self.x, self.target = (torch.randn(shape, device=bench.device) for _ in range(2))
        self.t = torch.rand(work.batch, device=bench.device) * 1000
        fused = True if bench.device.type == "cuda" else None
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=1e-4, fused=fused)

    def step(self) -> None:
        with self.bench.autocast():
            loss = mse_loss(self.network(self.x, self.t).float(), self.target)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()


class Peer:
    """The script's loop, with the values that it has where nothing is given."""

    def __init__(self, bench: Bench, data: Path, network: Any) -> None:
        self.bench = bench
        model = network.unet if bench.name == UNET else network.transformer
        self.model = copy.deepcopy(model).train().to(memory_format=torch.contiguous_format)
        self.noise: Any = DDPMScheduler(num_train_timesteps=1000, beta_schedule="linear")
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-4, betas=(0.95, 0.999), weight_decay=1e-6, eps=1e-8
        )
        self.scheduler = get_scheduler(
            "cosine", self.optimizer, num_warmup_steps=500, num_training_steps=100_000
        )
        self.average = EMAModel(
            self.model.parameters(), 0.9999, use_ema_warmup=True, inv_gamma=1.0, power=3 / 4
        )
        self.average.to(bench.device)
        self.loader = DataLoader(
            Images(data, bench.work.side), bench.work.batch, shuffle=True, drop_last=True
        )
        self.batches = self._endless()

    def step(self) -> float:
        clean = next(self.batches).to(self.bench.device)
        noise = torch.randn(clean.shape, device=clean.device)
        steps = self.noise.config.num_train_timesteps
        times = torch.randint(0, steps, (len(clean),), device=clean.device).long()
        noisy = self.noise.add_noise(clean, noise, times)
        with self.bench.autocast():
            found = self.model(noisy, timestep=times, return_dict=False)[0]
        loss = mse_loss(found.float(), noise.float())
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.scheduler.step()
        self.optimizer.zero_grad()
        self.average.step(self.model.parameters())
        return loss.detach().item()  # the script logs it

    def _endless(self) -> Iterator[Tensor]:
        while True:
            yield from self.loader


class Images(Dataset[Tensor]):
    """The images as the script reads them, one after the other."""

    def __init__(self, data: Path, side: int) -> None:
        self.images = np.load(data / "train.npy")
        self.augment = transforms.Compose([
            transforms.Resize(side, interpolation=transforms.InterpolationMode.BILINEAR),
            transforms.CenterCrop(side),
            transforms.ToTensor(),
            transforms.Normalize([0.5], [0.5]),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        made: Tensor = self.augment(Image.fromarray(self.images[index]).convert("RGB"))
        return made


def write_images(folder: Path, side: int) -> None:
    """Prepared data of random images."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, side, side, 3), np.uint8)
    np.save(folder / "train.npy", images)
    write_captions(folder, {"train": [[""] for _ in images]})
    write_json(folder / "dataset.json", described(IMAGES) | {"size": side})


if __name__ == "__main__":
    main()
