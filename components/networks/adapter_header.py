"""What an adapter's file says of itself and of its base, read without torch and its tensors."""

from dataclasses import dataclass
from pathlib import Path

from components.networks.checkpoint_header import broken, read_header
from components.spec.model_config import ModelConfig, parse_config
from components.spec.model_folder import origin_of, weights_sha256

ENTRY = "adapter"
"""Of the header, besides what that of model.safetensors says."""


@dataclass(frozen=True)
class Adapter:
    """What ``adapter.safetensors`` holds besides the model's configuration.

    Attributes:
        form: a name of `components.networks.adapters.own.FORMATS`.
        base: SHA-256 of the base model's weights.
        origin: of the network of a diffusers directory, where the base is a copy of one.
    """

    form: str
    base: str
    origin: str | None = None

    @classmethod
    def of(cls, form: str, base: Path) -> "Adapter":
        """An adapter of the model in the directory ``base``."""
        return cls(form, weights_sha256(base), origin_of(base))

    def fits(self, base: Path) -> bool:
        """Whether the model in ``base`` has the weights that it was trained on."""
        return weights_sha256(base) in {self.base, self.origin}


def read_adapter(path: Path) -> tuple[Adapter, ModelConfig]:
    """What an adapter's file says of itself, and of the model that it makes of its base.

    Raises:
        AlphabarError: the file is broken, or not one of ours.
    """
    header = read_header(path)
    try:
        entry = header.pop(ENTRY)
        origin = entry.get("origin")
        adapter = Adapter(str(entry["format"]), str(entry["base"]), origin and str(origin))
    except (KeyError, TypeError, AttributeError) as error:
        raise broken(path, error) from error
    return adapter, parse_config(header, f"the header of {path}")
