"""Images from the exported model beside this file.

It needs torch and diffusers, and for a model of captions transformers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, ImagePipelineOutput
from diffusers.utils import logging
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor

logger = logging.get_logger(__name__)

Text = str | Sequence[str] | None


class AlphabarPipeline(DiffusionPipeline):
    """The scheduler's solver with classifier-free guidance, as ``alphabar sample`` draws.

    Args:
        vae: of a model of latents.
        classes: a class-conditional model's labels; the index after them means "no class".
        text: how each text encoder is used: ``masked`` (with a mask, else padded to its limit),
            ``layer`` (of hidden states; None for the last, with its norm), ``pooled`` (what its
            output calls the vector of the whole caption), ``limit`` (tokens).
        time_ids: SDXL's six sizes, where the network is told them.
        steps, guidance_scale, negative_prompt: where a call leaves them out.
    """

    _optional_components = [  # noqa: RUF012 - diffusers' own
        "vae",
        "text_encoder",
        "tokenizer",
        "text_encoder_2",
        "tokenizer_2",
    ]

    def __init__(
        self,
        unet: Any,
        scheduler: Any,
        vae: Any = None,
        text_encoder: Any = None,
        tokenizer: Any = None,
        text_encoder_2: Any = None,
        tokenizer_2: Any = None,
        classes: list[str] | None = None,
        text: list[dict[str, Any]] | None = None,
        time_ids: list[float] | None = None,
        steps: int = 50,
        guidance_scale: float = 1.0,
        negative_prompt: str = "",
    ) -> None:
        super().__init__()
        self.register_modules(
            unet=unet,
            scheduler=scheduler,
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            text_encoder_2=text_encoder_2,
            tokenizer_2=tokenizer_2,
        )
        self.register_to_config(
            classes=classes,
            text=text,
            time_ids=time_ids,
            steps=steps,
            guidance_scale=guidance_scale,
            negative_prompt=negative_prompt,
        )

    @torch.no_grad()
    def __call__(
        self,
        prompt: Text = None,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        negative_prompt: Text = None,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | list[torch.Generator] | None = None,
        latents: Tensor | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
    ) -> ImagePipelineOutput | tuple[Any]:
        """Draw an image for every prompt, or for every generator, prompts in turn.

        Args:
            prompt: classes or captions; None draws without condition.
            guidance_scale: 1 is off.
            negative_prompt: takes the place of no condition; one for all, or one a prompt.
            generator: ``torch.Generator().manual_seed(k)`` gives image k of ``alphabar sample``.
            latents: standard normal noise to start from, (image, channel, height, width).
            output_type: ``pil``; ``np``, (image, height, width, channel) within [0, 1]; ``pt``,
                (image, channel, height, width) within [−1, 1]; ``latent``, what the process ends
                in. The last two are not rounded.
        """
        steps = num_inference_steps or self.config.steps
        scale = self.config.guidance_scale if guidance_scale is None else guidance_scale
        prompts = [prompt] if isinstance(prompt, str) else list(prompt or [])
        asked = [text for text in prompts or [""] for _ in range(num_images_per_prompt)]
        count = len(generator) if isinstance(generator, list) else len(asked)
        strong = self.conditions(_in_turn(asked, count))
        weak = self.conditions(self._negative(negative_prompt, len(asked), count))
        guided = bool(strong) and bool(prompts) and scale != 1

        self.scheduler.set_timesteps(steps)
        if len(self.scheduler.timesteps) > steps:  # numpy's rounding adds one at some counts
            self.scheduler.set_timesteps(timesteps=self.scheduler.timesteps[:steps].tolist())
        x = self._noise(count, generator, latents) * self.scheduler.init_noise_sigma
        for t in self.progress_bar(self.scheduler.timesteps):
            seen = self.scheduler.scale_model_input(x, t).to(self.unet.dtype)
            time = t.to(x.device).expand(count)
            output = self.unet(seen, timestep=time, **strong).sample.float()
            if guided:
                other = self.unet(seen, timestep=time, **weak).sample.float()
                output = other + scale * (output - other)
            x = self.scheduler.step(output, t, x).prev_sample
        images = x if output_type == "latent" else _as(output_type, self.decoded(x))
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    def decoded(self, x: Tensor) -> Tensor:
        """The images (image, channel, height, width) within [−1, 1] of what the process ends in."""
        if self.vae is None:
            return x
        config = self.vae.config
        latents = x / config.scaling_factor + (config.shift_factor or 0)
        decoded: Tensor = self.vae.decode(latents.to(self.vae.dtype)).sample
        return decoded.float()

    def conditions(self, prompts: list[str]) -> dict[str, Any]:
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
        return self._read(prompts)

    def _read(self, captions: list[str]) -> dict[str, Any]:
        """What the encoders make of captions, side by side."""
        rows: dict[str, Any] = {}
        states: list[Tensor] = []
        parts = ((self.tokenizer, self.text_encoder), (self.tokenizer_2, self.text_encoder_2))
        for told, (tokenizer, encoder) in zip(self.config.text, parts, strict=False):
            masked, layer, pooled = told["masked"], told["layer"], told["pooled"]
            limit = told["limit"]
            longest = max(map(len, tokenizer(captions)["input_ids"]))
            if longest > limit:
                logger.warning(f"the encoder reads {limit} tokens: longer captions are cut there")
            tokens = tokenizer(
                captions,
                padding=True if masked else "max_length",
                truncation=True,
                max_length=limit,
                return_tensors="pt",
            ).to(self.device)
            given = {"input_ids": tokens["input_ids"]}
            if masked:
                given["attention_mask"] = rows["encoder_attention_mask"] = tokens["attention_mask"]
            found = encoder(**given, output_hidden_states=layer is not None)
            chosen = found.last_hidden_state if layer is None else found.hidden_states[layer]
            states.append(chosen.to(self.unet.dtype))
            if pooled and self.unet.config.get("addition_embed_type"):
                vector = getattr(found, pooled).to(self.unet.dtype)
                sizes = vector.new_tensor(self.config.time_ids).expand(len(captions), -1)
                rows["added_cond_kwargs"] = {"text_embeds": vector, "time_ids": sizes}
        return {**rows, "encoder_hidden_states": torch.cat(states, dim=-1)}

    def _negative(self, given: Text, prompts: int, count: int) -> list[str]:
        if given is None:
            given = self.config.negative_prompt
        texts = [given] if isinstance(given, str) else list(given) or [""]
        if prompts % len(texts):
            raise ValueError(f"{len(texts)} negative prompts do not go with {prompts} images")
        return _in_turn([text for text in texts for _ in range(prompts // len(texts))], count)

    def _noise(self, count: int, generator: Any, latents: Tensor | None) -> Tensor:
        config = self.unet.config
        shape = (count, config.in_channels, config.sample_size, config.sample_size)
        if latents is None:
            return randn_tensor(shape, generator=generator, device=self.device)
        if latents.shape != shape:
            raise ValueError(f"latents are of shape {tuple(latents.shape)}, not {shape}")
        return latents.to(self.device, torch.float32)


def _in_turn(texts: list[str], count: int) -> list[str]:
    return [texts[k % len(texts)] for k in range(count)]


def _as(output_type: str, x: Tensor) -> Any:
    if output_type == "pt":
        return x
    if output_type == "np":
        return (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    if output_type != "pil":
        raise ValueError(f"no output_type {output_type!r}: give pil, np, pt or latent")
    pixels = ((x + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    arrays: list[np.ndarray[Any, Any]] = list(pixels.permute(0, 2, 3, 1).cpu().numpy())
    return [
        Image.fromarray(array.squeeze(-1) if array.shape[-1] == 1 else array) for array in arrays
    ]
