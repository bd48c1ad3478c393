"""The README.md that goes with a registered model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.files.manifest import MANIFEST, read_manifest
from components.networks.checkpoint_header import read_config
from components.spec.catalogue import FINETUNES
from components.tracking.evidence import Evidence, Figure
from components.tracking.fields import flatten


def model_card(
    name: str,
    weights: Path,
    evidence: Evidence,
    figure: Figure,
    sampling: Mapping[str, Any],
    tags: Mapping[str, Any],
) -> str:
    """Markdown in plain text: configuration, sampling settings, figures, origin.

    Args:
        weights: the model.safetensors; a manifest.json beside it tells how it was trained.
        evidence: all figures; those of groups are not shown.
        figure: the one that stands for the model; its protocol is shown.

    Raises:
        AlphabarError: ``weights`` is missing or is not a safetensors file.
    """
    shown = {figure.metric: figure} | dict(evidence.figures)
    figures = {
        metric: f"{each.value:.6g} ({each.low:.6g} to {each.high:.6g})"
        for metric, each in shown.items()
        if "/" not in metric
    }
    tuned = fine_tune(weights.parent)
    words = FINETUNES[tuned["kind"]].words if tuned else None
    protocol = {f"measured with {field}": value for field, value in figure.protocol.items()}
    sections = {
        "Figures": figures | protocol,
        "Sampling": flatten(sampling),
        "Configuration": flatten(read_config(weights.parent).model_dump(mode="json")),
        words.act.capitalize() if words else "": tuned,
        "Origin": flatten({tag: value for tag, value in tags.items() if value is not None}),
    }
    text = [f"# {name}", "", "A diffusion model, trained and measured by alphabar."]
    if sampling.get("guide") == "weaker":
        text.append("Its figures need the weaker model in guide/ beside it (autoguidance).")
    if words:
        text.append(words.card)
    for title, values in sections.items():
        if values:
            text += ["", f"## {title}", *(f"- {field}: {value}" for field, value in values.items())]
    return "\n".join(text) + "\n"


def fine_tune(directory: Path) -> dict[str, str]:
    """How the model in a published stage's ``directory`` was fine-tuned; empty where it was not,
    or where its kind has nothing to say of that."""
    if not (directory / MANIFEST).is_file():
        return {}  # weights without a manifest: nothing is known of their training
    spec = read_manifest(directory).get("spec")
    if not isinstance(spec, dict) or spec.get("kind") not in FINETUNES:
        return {}
    entry = FINETUNES[spec["kind"]]
    if not entry.words.card:
        return {}
    return flatten({name: spec[name] for name in ("kind", *entry.options) if name in spec})
