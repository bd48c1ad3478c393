"""Images from the exported model beside this file.

It needs torch and diffusers, and for a model of captions transformers.
"""

from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, ImagePipelineOutput
from PIL import Image
from torch import Tensor


class AlphabarPipeline(DiffusionPipeline):
    """The scheduler's solver with classifier-free guidance, as ``alphabar sample`` draws.

    Args:
        classes: a class-conditional model's labels; the index after them means "no class".
        max_tokens: the longest caption that the encoder reads.
        steps, guidance_scale: where a call leaves them out.
    """

    _optional_components = ["text_encoder", "tokenizer"]  # noqa: RUF012 - diffusers' own

    def __init__(
        self,
        unet: Any,
        scheduler: Any,
        text_encoder: Any = None,
        tokenizer: Any = None,
        classes: list[str] | None = None,
        max_tokens: int = 0,
        steps: int = 50,
        guidance_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.register_modules(
            unet=unet, scheduler=scheduler, text_encoder=text_encoder, tokenizer=tokenizer
        )
        self.register_to_config(
            classes=classes, max_tokens=max_tokens, steps=steps, guidance_scale=guidance_scale
        )

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str] | None = None,
        *,
        generator: torch.Generator | list[torch.Generator] | None = None,
        num_images: int | None = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        negative_prompt: str | None = None,
        output_type: str = "pil",
    ) -> ImagePipelineOutput:
        """Draw an image for every generator, or ``num_images``, prompts in turn.

        Args:
            prompt: classes or captions; None draws without condition.
            generator: CPU generators, one an image: ``torch.Generator().manual_seed(k)`` gives
                image k of ``alphabar sample``.
            guidance_scale: 1 is off.
            negative_prompt: takes the place of no condition.
            output_type: ``pil``, or ``pt``: a tensor (image, channel, height, width) within
                [−1, 1], not rounded.
        """
        steps = num_inference_steps or self.config.steps
        scale = self.config.guidance_scale if guidance_scale is None else guidance_scale
        prompts = [prompt] if isinstance(prompt, str) else prompt
        count = _count(prompts, generator, num_images)
        generators = generator if isinstance(generator, list) else [generator] * count
        shape = (self.unet.config.in_channels, *(self.unet.config.sample_size,) * 2)
        noise = torch.stack([torch.randn(shape, generator=one) for one in generators])

        self.scheduler.set_timesteps(steps)
        if len(self.scheduler.timesteps) > steps:  # numpy's rounding adds one at some counts
            self.scheduler.set_timesteps(timesteps=self.scheduler.timesteps[:steps].tolist())
        x = (noise * self.scheduler.init_noise_sigma).to(self.device, self.unet.dtype)
        strong = self.conditions(
            [prompts[k % len(prompts)] if prompts else "" for k in range(count)]
        )
        weak = self.conditions([negative_prompt or ""] * count)
        guided = bool(strong) and bool(prompts) and scale != 1
        for t in self.progress_bar(self.scheduler.timesteps):
            seen = self.scheduler.scale_model_input(x, t)
            time = t.to(x.device).expand(count)
            output = self.unet(seen, timestep=time, **strong).sample
            if guided:
                other = self.unet(seen, timestep=time, **weak).sample
                output = other + scale * (output - other)
            x = self.scheduler.step(output, t, x).prev_sample
        return ImagePipelineOutput(images=x if output_type == "pt" else _pictures(x))

    def conditions(self, prompts: list[str]) -> dict[str, Tensor]:
        """What the network is told; the prompt "" is the absent condition."""
        classes = self.config.classes
        if classes:
            unknown = sorted({prompt for prompt in prompts if prompt and prompt not in classes})
            if unknown:
                raise ValueError(f"no class of the model: {unknown}; its classes: {classes}")
            labels = [classes.index(prompt) if prompt else len(classes) for prompt in prompts]
            return {"class_labels": torch.tensor(labels, device=self.device)}
        if self.text_encoder is None:
            if any(prompts):
                raise ValueError("the model is unconditional: leave the prompt out")
            return {}
        limit = self.config.max_tokens
        tokens = self.tokenizer(
            prompts, padding=True, truncation=True, max_length=limit + 1, return_tensors="pt"
        ).to(self.device)
        if tokens["input_ids"].shape[1] > limit:
            raise ValueError(f"a caption is longer than the encoder reads: {limit} tokens")
        states = self.text_encoder(**tokens).last_hidden_state
        return {
            "encoder_hidden_states": states.to(self.unet.dtype),
            "encoder_attention_mask": tokens["attention_mask"],
        }


def _count(prompts: list[str] | None, generator: Any, num_images: int | None) -> int:
    if isinstance(generator, list):
        return len(generator)
    return num_images or len(prompts or [""])


def _pictures(x: Tensor) -> list[Image.Image]:
    pixels = ((x.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    arrays: list[np.ndarray[Any, Any]] = list(pixels.permute(0, 2, 3, 1).cpu().numpy())
    return [
        Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array) for array in arrays
    ]
