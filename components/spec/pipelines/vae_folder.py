"""A VAE's folder as others publish it, looked at without reading its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.errors import AlphabarError, quoted
from components.files.json_file import read_object
from components.spec.codec_files import CONFIG, home_of
from components.spec.pipelines.sizes import refuse_wild
from components.spec.pipelines.vae import refuse_odd_vae
from components.spec.pipelines.weights import WeightFiles, find_weights_of

CLASS = "AutoencoderKL"
MOST_LEVELS = 6


@dataclass(frozen=True)
class VaeFolder:
    """A VAE whose configuration can be used and whose files of weights are there.

    Attributes:
        home: its own folder.
        config: config.json.
        weights: its files of weights.
    """

    home: Path
    config: Mapping[str, Any]
    weights: WeightFiles

    @property
    def factor(self) -> int:
        """How many times smaller latents are, a side."""
        return int(2 ** (len(_blocks(self.config)) - 1))

    def refuse_images(self, size: int, channels: int | None) -> None:
        """Raise AlphabarError where it cannot take images of ``size`` and ``channels``.

        Args:
            channels: None where nobody knows them yet.
        """
        refuse_odd_vae(self.home, self.config, channels)
        refuse_odd_size(size, self.factor)


def read_vae_folder(folder: Path) -> VaeFolder:
    """The VAE in ``folder``; a pipeline's folder stands for its `vae`.

    Raises:
        AlphabarError: it is none, its configuration cannot be used, or its weights are missing.
    """
    home = home_of(folder)
    values = read_object(home / CONFIG, "give the folder of a VAE in diffusers' format")
    kind = values.get("_class_name", CLASS)
    if kind != CLASS:
        raise AlphabarError(
            f"{home} holds a `{kind}`, and codecs are read from `{CLASS}`",
            "give the folder of such a VAE",
        )
    refuse_wild(home, values)
    refuse_odd_vae(home, values, None)
    if not 1 <= len(_blocks(values)) <= MOST_LEVELS:
        raise AlphabarError(
            f"{home / CONFIG}: `block_out_channels: {quoted(values['block_out_channels'])}` are "
            f"not 1 to {MOST_LEVELS} numbers",
            "give another VAE, or copy its config.json anew",
        )
    return VaeFolder(home, values, find_weights_of(home, folder))


def refuse_odd_size(size: int, factor: int) -> None:
    """Raise AlphabarError unless images of ``size`` can be made ``factor`` times smaller."""
    if size % factor:
        raise AlphabarError(
            f"`data.size: {size}` cannot be divided by {factor}, as the codec asks for",
            f"choose a multiple of {factor}, or another codec",
        )


def _blocks(config: Mapping[str, Any]) -> list[Any]:
    """One entry a resolution; diffusers' default has one."""
    found = config.get("block_out_channels", [64])
    return found if isinstance(found, list) else []
