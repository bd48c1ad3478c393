"""A registered model as a Python function of MLflow: prompts in, images out.

    model = mlflow.pyfunc.load_model("models:/digits@champion")
    images = model.predict(pandas.DataFrame({"prompt": ["3", "7"], "seed": [0, 1]}))

`images` is an array (n, height, width, channel) of uint8, image k of row k; `PIL.Image.fromarray`
takes one of three channels as it is, and of one channel its `[..., 0]`. The columns `seed`,
`guidance` and `steps` may be left out or hold nothing: seeds are then those of the row's number,
the rest is as the figures were measured. An image depends on its row alone, and is that of
`alphabar sample` with the same settings; rows without a prompt take turns with what the model
knows, as there.

An adapter is drawn with the model that it was trained on. That is found where it is registered, or
where ``finetune.base`` named it; or it is given:
``load_model(uri, model_config={"base": FOLDER})``.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow.artifacts
import numpy as np
from mlflow.exceptions import MlflowException
from numpy.typing import NDArray

from components.errors import AlphabarError
from components.files.manifest import check_listed, read_manifest
from components.generation.asked import prompts_of
from components.generation.generate import generate
from components.generation.sampler import Sampler, load_sampler
from components.networks.adapter_header import read_adapter
from components.networks.device import resolve_device
from components.spec.model_folder import (
    ADAPTER_FILE,
    REGISTERED,
    own_guide,
    own_sampling,
    trained_file,
)
from components.spec.sampling_choice import sampling_of
from components.spec.sections.sampling import SamplingSpec
from components.tracking.packaged import BASE, DEVICE, ENCODERS

if TYPE_CHECKING:
    import pandas as pd

SETTINGS = {"guidance": float, "steps": int}
"""Columns that are keys of the sampling section."""

Asked = tuple[str, int, dict[str, Any]]
"""A row: its prompt, its seed, and the settings that are not the model's own."""


class Drawing:
    """Draws an image for each row. What MLflow calls a Python model."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def predict(
        self, model_input: "pd.DataFrame", params: Mapping[str, Any] | None = None
    ) -> NDArray[np.uint8]:
        """(n, height, width, channel), uint8.

        Raises:
            AlphabarError: a prompt that the model does not know, or a setting that is out of range.
        """
        rows = [self._asked(i, row) for i, row in enumerate(_records(model_input))]
        drawn = [self._draw(together) for together in in_turn(rows)]
        channels, height, width = self._sampler.model.image_shape
        none = np.zeros((0, height, width, channels), np.uint8)
        return np.concatenate([none, *drawn])

    def _asked(self, index: int, row: Mapping[str, Any]) -> Asked:
        seed: Any = row.get("seed")
        settings = {key: of(row[key]) for key, of in SETTINGS.items() if not _empty(row.get(key))}
        own = self._sampler.sampling.seed + index
        text = row.get("prompt")
        return "" if _empty(text) else str(text), own if _empty(seed) else int(seed), settings

    def _draw(self, rows: list[Asked]) -> NDArray[np.uint8]:
        _, seed, settings = rows[0]
        own = self._sampler.sampling.model_dump()
        sampling = sampling_of({**settings, "seed": seed}, f"the row of seed {seed}", own)
        sampler = Sampler(self._sampler.model, sampling, self._sampler.guide)
        texts = [text for text, _, _ in rows]
        prompts = prompts_of(sampler.model, texts if any(texts) else (), len(rows))
        return generate(sampler, prompts).images


def in_turn(rows: list[Asked]) -> Iterator[list[Asked]]:
    """Rows that are drawn at once: under the same settings, of seeds that follow each other."""
    together: list[Asked] = []
    for row in rows:
        goes_on = (
            together
            and row[1] == together[-1][1] + 1
            and row[2] == together[-1][2]
            and bool(row[0]) == bool(together[-1][0])
        )
        if together and not goes_on:
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def _load_pyfunc(path: str, model_config: Mapping[str, Any] | None = None) -> Drawing:
    """What MLflow calls to load the directory ``path``.

    Raises:
        AlphabarError: a file is damaged, or the base of an adapter is nowhere.
    """
    directory, config = Path(path), dict(model_config or {})
    check_listed(directory)
    base = None
    if trained_file(directory) == ADAPTER_FILE:
        base = _base(directory, str(config.get(BASE) or ""))
    own = own_sampling(directory)
    sampling = SamplingSpec.model_validate(own)
    guide = own_guide(directory) if sampling.guided_by_model else None
    device = resolve_device(str(config.get(DEVICE) or "auto"))
    encoders = config.get(ENCODERS)
    sampler = load_sampler(
        directory,
        sampling,
        guide,
        device,
        base=base,
        weights=Path(encoders) if encoders else None,
    )
    return Drawing(sampler)


def _base(directory: Path, given: str) -> Path:
    """The directory of the model that an adapter was trained on."""
    adapter, _ = read_adapter(directory / ADAPTER_FILE)
    noted = read_manifest(directory).get("base", {})
    names = [name for name in (given, noted.get("registered"), noted.get("given")) if name]
    for name in names:
        found = _found(name)
        if found is not None and adapter.fits(found):
            return found
    looked = f" (looked for as {', '.join(names)})" if names else ""
    raise AlphabarError(
        f"{directory} holds an adapter, and the model that it was trained on is not there{looked}",
        'give it: mlflow.pyfunc.load_model(URI, model_config={"base": FOLDER}), or bake it in '
        "with `alphabar merge`",
    )


def _found(name: str) -> Path | None:
    if Path(name).is_dir():
        return Path(name)
    registered = REGISTERED.match(name)
    if registered is None:
        return None
    model, which = registered[1], registered[2]
    uri = f"models:/{model}/{which}" if which.isdecimal() else f"models:/{model}@{which}"
    try:
        return Path(mlflow.artifacts.download_artifacts(uri))
    except (MlflowException, OSError):
        return None


def _records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Its rows, by the columns' names."""
    names = [str(column) for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
