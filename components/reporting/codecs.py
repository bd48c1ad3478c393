"""The learnt codecs of an experiment as the report tells of them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.figures.figure import Figure, readable
from components.figures.judgement import Judgement
from components.figures.record import read_judgement
from components.files.json_file import read_object
from components.files.manifest import intact, remedy, there
from components.reporting.cells import History, read_history
from components.reporting.tables.ranked_table import ranked_table
from components.reporting.tables.subject import Subject
from components.reporting.tables.table import Table
from components.spec.codec_files import CONFIG, DECIDING, JUDGEMENT, PICTURE


@dataclass(frozen=True)
class LearntCodec:
    """An autoencoder, and how well it gives held-out images back.

    Attributes:
        name: of the cells that work on its latents; empty where all do.
        config: as diffusers writes it.
        picture: reconstructions below their originals, PNG.
        history: how it was trained; None for one that was taken over.
    """

    name: str
    judgement: Judgement
    config: Mapping[str, Any]
    picture: bytes
    history: History | None

    @property
    def image(self) -> str:
        """The picture in a ``data:`` address."""
        return "data:image/png;base64," + base64.b64encode(self.picture).decode("ascii")

    def words(self, size: int) -> str:
        """What it makes of images of ``size`` pixels a side."""
        config = self.config
        factor = 2 ** (len(config["block_out_channels"]) - 1)
        side, channels = size // factor, config["latent_channels"]
        fewer = size**2 * config["in_channels"] / (side**2 * channels)
        share = f"{fewer:.3g} times fewer values" if fewer > 1 else "as many values or more"
        scale, shift = config["scaling_factor"], config["shift_factor"] or 0.0
        return (
            f"Latents of {side} × {side} × {channels} stand for images of {size} × {size} × "
            f"{config['in_channels']}: {share}. Their mean is {shift:.3g} "
            f"and their deviation {1 / scale:.3g}, "
            f"{'measured on training images' if self.history else 'as its own folder says'}; the "
            "network sees them with mean 0 and deviation 1."
        )


def read_codecs(spec: Mapping[str, Any], inputs: Mapping[str, Path]) -> tuple[LearntCodec, ...]:
    """The codecs that ``spec`` names; none where cells work on pixels."""
    return tuple(
        _read(name, inputs[f"autoencoder:{index}"])
        for index, name in enumerate(spec.get("codecs", ()))
    )


def codec_table(codecs: tuple[LearntCodec, ...]) -> Table:
    """Every codec's figures."""
    subjects = [Subject(codec.name or "the codec", codec.judgement) for codec in codecs]
    return ranked_table("Held-out images given back", subjects, metric=DECIDING, noun="codec")


def judged_apart(codecs: tuple[LearntCodec, ...], samples: Figure | None) -> str:
    """That the codecs' distances are not those of ``samples``, where they were taken at another
    size."""
    if samples is None:
        return ""
    figures = (codec.judgement.figures.get(samples.metric) for codec in codecs)
    own = {figure.protocol.resize for figure in figures if figure}
    if own <= {samples.protocol.resize}:
        return ""
    return (
        f"Their {readable(samples.metric)} was taken with {', '.join(sorted(own))}, that of the "
        f"samples with {samples.protocol.resize}: do not compare the two."
    )


def _read(name: str, folder: Path) -> LearntCodec:
    trained = there(folder / "history.csv")
    return LearntCodec(
        name,
        read_judgement(folder / JUDGEMENT),
        read_object(intact(folder / CONFIG), remedy(folder)),
        intact(folder / PICTURE).read_bytes(),
        read_history(folder, f"codec {name}".strip()) if trained else None,
    )
