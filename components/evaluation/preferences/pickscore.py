"""PickScore: a CLIP that was tuned on people's choices between two images of one prompt.

Kirstain et al., 2023, "Pick-a-Pic", equation 1: exp(logit scale) times the cosine.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from components.data.readers.encoder_folder import CONFIG
from components.data.readers.vocabulary import fault_of
from components.errors import first_of
from components.evaluation.extractors.batches import Reader
from components.evaluation.extractors.engine import TorchEngine, torch_name
from components.evaluation.extractors.pillow import transformed
from components.evaluation.preferences.loading import absent, broken, reading
from components.evaluation.preferences.pickscore_folder import (
    FILES_REMEDY,
    PREPROCESSOR,
    find_pickscore_folder,
)
from components.files.hub import places_of
from components.files.json_file import read_object
from components.runtime import Progress, silent

_BATCH = 16
_MOST_TOKENS = 77


class PickScore:
    """A CLIPModel of transformers with its own tokenizer and preprocessing.

    Images go through Pillow's resize, as when the scores were published, and not through
    torchvision's, which transformers takes by itself today.

    Args:
        name: ``pickscore:DIR``.
        device: where it computes.
        weights: a folder of weights, before the others are looked through.

    Raises:
        AlphabarError: there is no such folder, or it lacks files, or they are pickled.
    """

    suffix = "pickscore"

    def __init__(self, name: str, device: torch.device, weights: Path | None = None) -> None:
        folder = find_pickscore_folder(name, weights)
        if folder is None:
            raise absent(name, places_of(name.partition(":")[2], Path(), weights))
        self.given, self.folder, self.device = name, folder, device
        self.key = folder.digest()
        self.name = f"{self.suffix} {self.key[:12]}"

    @property
    def engine(self) -> str:
        """What computes its embeddings, for records."""
        return torch_name()

    @property
    def resize(self) -> str:
        """Its own preprocessing, whose file is part of `key`."""
        return "Pillow, by its preprocessor_config.json"

    @property
    def scale(self) -> float:
        """exp(logit scale)."""
        return float(self._model.logit_scale.detach().double().exp())

    @property
    def context_length(self) -> int:
        return min(_MOST_TOKENS, int(self._model.config.text_config.max_position_embeddings))

    def images(self, images: NDArray[np.uint8], progress: Progress = silent) -> NDArray[np.float32]:
        """Embeddings (n, dimension), of any length, of images (n, height, width, channel) uint8.

        Raises:
            AlphabarError: the images are not uint8 with 1 or 3 channels, there are none, or the
                folder's files are broken.
        """
        return self._reader(images, progress)

    def captions(self, captions: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings (n, dimension), of any length; what is behind 77 tokens is not read."""
        parts = []
        with torch.inference_mode(), reading(self.given, self.folder.home):
            for start in range(0, len(captions), _BATCH):
                tokens = self._tokenizer(
                    [*captions[start : start + _BATCH]],
                    padding=True,
                    truncation=True,
                    max_length=self.context_length,
                    return_tensors="pt",
                ).to(self.device)
                read = self._model.get_text_features(**tokens).pooler_output
                parts.append(read.float().cpu().numpy())
        return np.concatenate(parts)

    def too_long(self, captions: Sequence[str]) -> int:
        whole = self._tokenizer([*captions], truncation=False, verbose=False).input_ids
        return sum(len(ids) > self.context_length for ids in whole)

    @cached_property
    def _reader(self) -> Reader:
        width: int = self._model.config.projection_dim
        engine = TorchEngine(self._embedded, self.device, _BATCH)
        return Reader(self.given, width, self._prepare, engine)

    def _prepare(self, images: NDArray[np.uint8]) -> Tensor:
        return transformed(images, self.pixels, self.device)

    def _embedded(self, pixels: Tensor) -> Tensor:
        features: Tensor = self._model.get_image_features(pixel_values=pixels).pooler_output
        return features

    def pixels(self, image: Image.Image) -> Tensor:
        """An RGB image (3, side, side) as the network is fed it."""
        found: Tensor = self._processor(images=image, return_tensors="pt")["pixel_values"][0]
        return found

    @cached_property
    def _model(self) -> Any:
        import transformers

        home = self.folder.home
        kind = read_object(home / CONFIG, "give the folder of a CLIPModel").get("model_type")
        if kind != transformers.CLIPConfig.model_type:
            raise broken(self.given, home, f"{CONFIG} is of `{kind}`, not of a whole CLIP")
        with reading(self.given, home), torch.random.fork_rng(devices=[]):
            loader: Any = transformers.CLIPModel
            model, found = loader.from_pretrained(
                str(home),
                local_files_only=True,
                variant=self.folder.weights.variant,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        if lacking := sorted(found["missing_keys"]):
            raise broken(self.given, home, f"its weights lack {first_of(lacking, most=3)}")
        return model.to(self.device).eval().requires_grad_(False)

    @cached_property
    def _tokenizer(self) -> Any:
        import transformers

        home = self.folder.home
        with reading(self.given, home):
            found = transformers.CLIPTokenizer.from_pretrained(str(home), local_files_only=True)
        known = self._model.config.text_config.vocab_size
        if fault := fault_of(found):
            raise broken(self.given, home, f"its tokenizer is not whole: {fault}")
        if (last := max(found.get_vocab().values())) >= known:
            raise broken(
                self.given,
                home,
                f"its tokenizer has a token of id {last}, and the network knows {known}",
            )
        return found

    @cached_property
    def _processor(self) -> Any:
        import transformers

        path = self.folder.home / PREPROCESSOR
        values = read_object(path, FILES_REMEDY)
        with reading(self.given, path):
            return transformers.CLIPImageProcessorPil.from_dict(values)
