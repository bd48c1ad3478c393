"""Train a class-conditional UNet on a folder of images: diffusers' `train_unconditional.py`
without what only a hub or several machines need."""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DModel
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel
from PIL import Image
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

CLASSES = 10
BETAS = {"linear": "linear", "cosine": "squaredcos_cap_v2"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a folder with metadata.csv: file_name, label")
    parser.add_argument("out", type=Path)
    parser.add_argument("--schedule", choices=BETAS, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--channels", type=int, nargs="+", required=True)
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--ema", type=float, required=True)
    parser.add_argument("--dropout", type=float, required=True, help="share without a class")
    options = parser.parse_args()

    torch.manual_seed(0)
    images, labels = read(options.data)
    loader = DataLoader(
        TensorDataset(images, labels), options.batch_size, shuffle=True, drop_last=True
    )
    unet: Any = UNet2DModel(
        sample_size=images.shape[-1],
        in_channels=images.shape[1],
        out_channels=images.shape[1],
        block_out_channels=tuple(options.channels),
        layers_per_block=options.layers,
        down_block_types=("DownBlock2D",) * (len(options.channels) - 1) + ("AttnDownBlock2D",),
        up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * (len(options.channels) - 1),
        attention_head_dim=32,
        norm_num_groups=8,
        num_class_embeds=CLASSES + 1,
    )
    scheduler: Any = DDPMScheduler(
        1000, beta_schedule=BETAS[options.schedule], prediction_type="v_prediction"
    )
    average = EMAModel(unet.parameters(), decay=options.ema, model_cls=UNet2DModel,
                       model_config=unet.config)  # fmt: skip
    optimizer = torch.optim.AdamW(unet.parameters(), lr=options.lr, weight_decay=0.0)
    rate = get_scheduler(
        "cosine", optimizer, num_warmup_steps=options.warmup, num_training_steps=options.steps
    )

    step = 0
    while step < options.steps:
        for clean, label in loader:
            label = torch.where(torch.rand(len(label)) < options.dropout, CLASSES, label)
            noise = torch.randn_like(clean)
            times = torch.randint(0, 1000, (len(clean),))
            noisy = scheduler.add_noise(clean, noise, times)
            target = scheduler.get_velocity(clean, noise, times)
            loss = mse_loss(unet(noisy, times, class_labels=label).sample, target)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
            optimizer.step()
            rate.step()
            optimizer.zero_grad()
            average.step(unet.parameters())
            loss.detach().item()  # the script's progress bar shows it
            step += 1
            if step == options.steps:
                break
    average.copy_to(unet.parameters())
    unet.save_pretrained(options.out / "unet")
    scheduler.save_pretrained(options.out / "scheduler")


def read(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (n, channel, height, width) in [-1, 1], and their labels."""
    with (folder / "metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    pixels = np.stack([np.asarray(Image.open(folder / row["file_name"])) for row in rows])
    images = torch.from_numpy(pixels).float() / 127.5 - 1
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return images.contiguous(), torch.tensor([int(row["label"]) for row in rows])


if __name__ == "__main__":
    main()
