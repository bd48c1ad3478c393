"""The README.md that goes with a registered model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from components.errors import AlphabarError
from components.tracking.fields import flatten
from components.tracking.gate import Figure


def model_card(
    name: str,
    weights: Path,
    figure: Figure,
    sampling: Mapping[str, Any],
    tags: Mapping[str, Any],
) -> str:
    """Markdown in plain text: configuration, sampling settings, figures, origin.

    Raises:
        AlphabarError: ``weights`` is missing or is not a safetensors file.
    """
    protocol = {f"measured with {field}": value for field, value in figure.protocol.items()}
    sections = {
        "Figures": {figure.metric: f"{figure.value:.6g} ({figure.low:.6g} to {figure.high:.6g})"}
        | protocol,
        "Sampling": flatten(sampling),
        "Configuration": read_header(weights),
        "Origin": flatten({tag: value for tag, value in tags.items() if value is not None}),
    }
    text = [f"# {name}", "", "A diffusion model, trained and measured by alphabar."]
    for title, values in sections.items():
        if values:
            text += ["", f"## {title}", *(f"- {field}: {value}" for field, value in values.items())]
    return "\n".join(text) + "\n"


def read_header(weights: Path) -> dict[str, str]:
    """The configuration in a safetensors file's header. Raises AlphabarError."""
    try:
        with safe_open(weights, framework="np") as file:
            return dict(sorted((file.metadata() or {}).items()))
    except (OSError, SafetensorError) as error:
        raise AlphabarError(
            f"{weights} is not a usable safetensors file: {error}",
            f"delete {weights.parent} and run the experiment again",
        ) from error
