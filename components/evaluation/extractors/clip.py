"""CLIP models of open_clip by ``clip:MODEL:WEIGHTS``: image features, and captions beside."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict
from torch import Tensor

from components.errors import AlphabarError
from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.engine import Part, TorchEngine, torch_name
from components.evaluation.extractors.folding import fold
from components.evaluation.extractors.pillow import transformed
from components.evaluation.extractors.weights import loading, missing_weights
from components.evaluation.images.pixels import probe_of
from components.evaluation.weights_files import find_clip_file
from components.files.digests import known_sha256
from components.files.weights_folders import weights_folders
from components.runtime import Progress, silent

_BATCH = 64


class OpenClip:
    """An open_clip model; images go through its own preprocessing.

    Args:
        name: ``clip:MODEL:WEIGHTS``: a model of open_clip, and a file of weights (a path, or
            a name in the folder of weights) or a tag that open_clip knows for that model. OpenAI's
            weights in a file want a model whose name ends in ``-quickgelu``.
        device: where it computes.
        weights: a folder of weights, before the others are looked through.

    Attributes:
        suffix: what stands behind a figure's family: nothing, for published models.
        preprocessing: open_clip's configuration: the tag's; for a file, the one that all tags of
            the model share, or else CLIP's own.
        quick_gelu: whether the tag's weights were trained with that activation; open_clip itself
            only warns and computes with another one.

    Raises:
        AlphabarError: there is no such model, or its weights are nowhere and cannot be
            downloaded.
    """

    suffix = ""

    def __init__(self, name: str, device: torch.device, weights: Path | None = None) -> None:
        self.name = name
        self.device = device
        self.model_name, given = _parts(name)
        config = open_clip.get_model_config(self.model_name)
        self.dimension: int = config["embed_dim"]
        self.path = _find_clip(name, self.model_name, given, weights)
        self.preprocessing = _preprocessing(self.model_name, given, config)
        tag = open_clip.get_pretrained_cfg(self.model_name, given)
        self.quick_gelu: bool = tag.get("quick_gelu", False)

    @property
    def size(self) -> int:
        """Side that the image tower reads, pixels."""
        return self.preprocessing.size  # type: ignore[no-any-return]

    @property
    def resize(self) -> str:
        """How images come to that size."""
        found = self.preprocessing
        return f"open_clip {found.interpolation} {found.resize_mode} {found.size}px"

    @cached_property
    def weights_digest(self) -> str:
        """SHA-256 of the file of weights."""
        return known_sha256(self.path)

    @cached_property
    @torch.inference_mode(False)
    def model(self) -> Any:
        """The model, loaded when it is first needed; raises AlphabarError."""
        with loading(self.name, self.path), torch.random.fork_rng(devices=[]):
            model = open_clip.create_model(
                self.model_name, str(self.path), force_quick_gelu=self.quick_gelu
            )
        model.eval().requires_grad_(False)
        fold(model.visual, probe_of(self.size))
        return model.to(self.device)

    @property
    def engine(self) -> str:
        """What computes its features, for records: ONNX Runtime is no faster at transformers."""
        return torch_name()

    @cached_property
    def reader(self) -> Reader:
        """The network in its engine, loaded when it is first needed; raises AlphabarError."""
        engine = TorchEngine(self.model.encode_image, self.device, _BATCH)
        return Reader(self.name, self.dimension, self._prepare, engine)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Embeddings (n, dimension) float32, of any length, of images (n, h, w, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                weights are broken.
        """
        return self.reader(images, progress)

    def of_parts(
        self, parts: Iterable[Part], n: int, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """The same of ``n`` images that come part by part; see `Reader.of_parts`."""
        return self.reader.of_parts(parts, n, progress)

    def encode_captions(self, captions: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings (n, dimension) float32, of any length; each distinct caption read once.

        Raises:
            AlphabarError: the model's tokenizer is not on disk.
        """
        places = {caption: place for place, caption in enumerate(sorted(set(captions)))}
        rows = [places[caption] for caption in captions]
        distinct, encoded = list(places), np.empty((len(places), self.dimension), np.float32)
        with torch.inference_mode():
            for start in range(0, len(distinct), _BATCH):
                tokens = self._tokenizer(distinct[start : start + _BATCH]).to(self.device)
                encoded[start : start + _BATCH] = self.model.encode_text(tokens).float().cpu()
        return encoded[rows]

    @property
    def context_length(self) -> int:
        """Tokens that the text tower reads, begin and end among them; raises AlphabarError."""
        return int(self._tokenizer.context_length)

    def too_long(self, captions: Sequence[str]) -> int:
        """How many of the captions are cut at `context_length`; raises AlphabarError."""
        lengths = lengths_of(self._tokenizer, captions)
        return sum(length > self.context_length for length in lengths)

    def logits(self, features: NDArray[np.float32]) -> None:
        """It knows no classes."""

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            return open_clip.get_tokenizer(self.model_name)
        except Exception as error:  # the Hub's client raises many kinds; all mean the same here
            raise AlphabarError(
                f"the tokenizer of `{self.name}` is not on disk ({type(error).__name__})",
                "let it be downloaded once (HF_HUB_OFFLINE=0), or choose a model with CLIP's own "
                "tokenizer, such as ViT-B-32",
            ) from error

    @cached_property
    def _transform(self) -> Any:
        return image_transform_v2(self.preprocessing, is_train=False)

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return transformed(images, self._transform, self.device)


def lengths_of(tokenizer: Any, captions: Sequence[str]) -> list[int]:
    """Tokens of each caption, begin and end among them, by a tokenizer of open_clip."""
    if hasattr(tokenizer, "encode"):  # CLIP's own: without begin and end
        return [len(tokenizer.encode(caption)) + 2 for caption in captions]
    return [len(tokenizer.tokenizer(caption).input_ids) for caption in captions]


def _parts(name: str) -> tuple[str, str]:
    """Model and weights of ``clip:MODEL:WEIGHTS``; raises AlphabarError."""
    _, model, weights = [*name.split(":", 2), "", ""][:3]
    if not (model in open_clip.list_models() and weights):
        raise AlphabarError(
            f"`{name}` names no CLIP",
            "write clip:MODEL:WEIGHTS with one of open_clip's models, such as "
            "clip:ViT-B-32:openai or clip:ViT-B-32:/path/to/weights.safetensors",
        )
    return model, weights


def _find_clip(name: str, model: str, given: str, weights: Path | None) -> Path:
    """The file behind ``given``: a tag's, by open_clip's download, or a path."""
    if config := open_clip.get_pretrained_cfg(model, given):
        try:
            return Path(open_clip.download_pretrained(config))
        except Exception as error:  # network libraries raise many kinds
            files = (f"{config['hf_hub']}open_clip_model.safetensors",)
            cache = ("the cache of the Hugging Face Hub",)
            raise missing_weights(name, files, cache, type(error).__name__) from error
    if found := find_clip_file(given, weights):
        return found
    why = f"it is no tag either; {model} has {', '.join(_tags(model)) or 'none'}"
    raise missing_weights(name, (given,), (Path.cwd(), *weights_folders(weights)), why)


def _preprocessing(model: str, given: str, config: dict[str, Any]) -> PreprocessCfg:
    tags = [given] if open_clip.get_pretrained_cfg(model, given) else _tags(model)
    size = config["vision_cfg"].get("image_size", PreprocessCfg().size)
    known = [
        merge_preprocess_dict(
            asdict(PreprocessCfg()), open_clip.get_pretrained_cfg(model, tag) | {"size": size}
        )
        for tag in tags
    ]
    agreed = known and all(other == known[0] for other in known)
    return PreprocessCfg(**known[0]) if agreed else PreprocessCfg(size=size)


def _tags(model: str) -> list[str]:
    tags: list[str] = open_clip.list_pretrained_tags_by_model(model)
    return tags
