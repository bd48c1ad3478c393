"""The README.md that goes with a registered model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.figures.figure import Figure
from components.figures.judgement import Figures
from components.files.json_file import read_object
from components.files.manifest import MANIFEST, read_manifest, remedy, there
from components.networks.adapter_header import read_adapter
from components.networks.checkpoint_header import read_config
from components.spec.catalogue import FINETUNES
from components.spec.catalogue.dpo import decided_by
from components.spec.catalogue.sampling import guide_of
from components.spec.licences import Licensed
from components.spec.model_config import ModelConfig
from components.spec.model_folder import ADAPTER_FILE, ORIGIN
from components.tracking.fields import flatten, protocol_texts

OF_ADAPTER = (
    "It holds what a fine-tune has trained, and is read with the model that it started from, which "
    "`base` below names."
)

MOST_OF_CARD = 5000
"""Characters that MLflow's databases keep of a description."""

CUT = "\nThe rest stands in the version's README.md.\n"


def model_card(
    name: str,
    weights: Path,
    figures: Figures,
    figure: Figure,
    sampling: Mapping[str, Any],
    tags: Mapping[str, Any],
    licences: Sequence[Licensed] = (),
    training: Path | None = None,
) -> str:
    """Markdown in plain text: configuration, sampling settings, figures, origin, licences.

    Args:
        weights: the model.safetensors, or the adapter.safetensors.
        figures: of the whole set.
        figure: the one that stands for the model; its protocol is shown.
        licences: of what it was trained on, and needs.
        training: the directory of what trained it, whose manifest.json tells how; that of
            ``weights`` where none is given.

    Raises:
        AlphabarError: ``weights`` is missing or is not a safetensors file.
    """
    alone, config = weights.name == ADAPTER_FILE, config_of(weights)
    shown = {
        metric: f"{each.value:.6g} ({each.low:.6g} to {each.high:.6g})"
        for metric, each in {figure.metric: figure, **figures}.items()
    }
    tuned = fine_tune(training or weights.parent)
    words = FINETUNES[tuned["kind"]].words if tuned else None
    protocol = {f"measured with {part}": value for part, value in protocol_texts(figure).items()}
    sections = {
        "Figures": shown | protocol,
        "Sampling": flatten(sampling),
        "Configuration": flatten(config.model_dump(mode="json")),
        words.act.capitalize() if words else "": tuned,
        "Origin": flatten({tag: value for tag, value in tags.items() if value is not None}),
    }
    done = "measured" if there(weights.parent / ORIGIN) else "trained and measured"
    what = "An adapter of a diffusion model" if alone else "A diffusion model"
    text = [f"# {name}", "", f"{what}, {done} by alphabar."]
    if alone:
        text.append(OF_ADAPTER)
    if guide := guide_of(sampling).card:
        text.append(guide)
    if words:
        text.append(words.card)
    if decided := decided_by(_figures(training or weights.parent)):
        text.append(f"Trained on {decided}.")
    if licences:
        text += ["", "## Licences", *(f"- {each.words}" for each in licences)]
    for title, values in sections.items():
        if values:
            text += ["", f"## {title}", *(f"- {field}: {value}" for field, value in values.items())]
    return "\n".join(text) + "\n"


def _figures(training: Path) -> dict[str, Any]:
    """What a training says of itself; nothing of weights that have no manifest."""
    path = training / "metrics.json"
    known = (training / MANIFEST).is_file() and there(path)
    return read_object(path, remedy(training)) if known else {}


def config_of(weights: Path) -> ModelConfig:
    """What the header of a model.safetensors, or of an adapter.safetensors, says of the model.

    Raises:
        AlphabarError: it is missing or is not a safetensors file.
    """
    alone = weights.name == ADAPTER_FILE
    return read_adapter(weights)[1] if alone else read_config(weights.parent)


def described_by(card: str, figure: str) -> str:
    """A version's description in MLflow: its figure and its card, as far as there is room."""
    title, _, rest = card.partition("\n")
    text = f"{title}\n\n**{figure}**\n{rest}"
    if len(text) <= MOST_OF_CARD:
        return text
    whole = text[: MOST_OF_CARD - len(CUT)]
    return whole[: whole.rfind("\n") + 1] + CUT


def fine_tune(directory: Path) -> dict[str, str]:
    """How the model of the training in ``directory`` was fine-tuned; empty where it was not, or
    where its kind has nothing to say of that."""
    if not (directory / MANIFEST).is_file():
        return {}  # weights without a manifest: nothing is known of their training
    spec = read_manifest(directory).get("spec")
    if not isinstance(spec, dict) or spec.get("kind") not in FINETUNES:
        return {}
    entry = FINETUNES[spec["kind"]]
    if not entry.words.card:
        return {}
    return flatten({name: spec[name] for name in ("kind", *entry.options) if name in spec})
