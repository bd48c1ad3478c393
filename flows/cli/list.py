"""`alphabar list`: what can be chosen in an experiment file."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.cli.application import Application

if TYPE_CHECKING:
    from components.reporting.tables.table import Table

KEYS = {
    "sources": "data.source",
    "fits": "data.fit",
    "codecs": "codec.kind",
    "conditioners": "conditioning.encoder",
    "denoisers": "network.kind",
    "schedules": "process.schedule",
    "predictions": "process.prediction",
    "solvers": "sampling.solver",
    "grids": "sampling.grid",
    "guidance": "sampling.guidance_kind",
    "guides": "sampling.guide",
    "loss-weights": "training.loss_weight",
    "time-samplings": "training.time_sampling",
    "optimizers": "training.optimizer",
    "finetunes": "finetune.kind",
    "extractors": "evaluation.extractor",
    "clips": "evaluation.clip",
    "preferences": "evaluation.preference",
    "classifiers": "evaluation.classifier",
    "likelihoods": "evaluation.likelihood",
    "groups": "evaluation.groups",
    "metrics": "evaluation.metrics",
}
"""topic → the key that takes one of its names."""


def register(app: Application) -> None:
    app.command(name="list")(list_names)


def list_names(
    topic: Annotated[
        str | None,
        typer.Argument(metavar="[TOPIC]", help=f"One of {', '.join(KEYS)}; all unless given."),
    ] = None,
) -> None:
    """List what can be chosen: each name, what it is, its source and the options only it reads.

    Example: `alphabar list solvers`
    """
    from components.errors import AlphabarError
    from components.spec.catalogue import CATALOGUE
    from components.spec.loading import nearest
    from flows.telling import show, tell, warn_of_plugins

    warn_of_plugins()
    if topic is not None and topic not in CATALOGUE:
        raise AlphabarError(f"there is no list of `{topic}`", nearest(topic, list(CATALOGUE)))
    for number, name in enumerate([topic] if topic else CATALOGUE):
        if number:
            tell("")
        show(_table(name), **{name: _content(name)})


def _table(topic: str) -> "Table":
    from components.reporting.tables.table import Column, Table
    from components.spec.catalogue import CATALOGUE

    rows = []
    for name, entry in CATALOGUE[topic].items():
        options, package = _of_plugin(topic, name)
        names = ", ".join([*entry.options, *options])
        rows.append((name, entry.line, entry.source, names, package))
    plugged = any(row[-1] for row in rows)
    source = Column("source", gives_way=1)
    columns: list[str | Column] = ["name", "what it is", source, "options", "package"]
    kept = columns if plugged else columns[:-1]
    return Table.of_texts(f"{topic}: {KEYS[topic]}", kept, [row[: len(kept)] for row in rows])


def _content(topic: str) -> "list[dict[str, Any]]":
    """Each name with what the table says of it; the options one by one."""
    from components.spec.catalogue import CATALOGUE

    found = []
    for name, entry in CATALOGUE[topic].items():
        options, package = _of_plugin(topic, name)
        own = {"name": name, "what": entry.line, "source": entry.source, "key": KEYS[topic]}
        found.append({**own, "options": [*entry.options, *options], "package": package or None})
    return found


def _of_plugin(topic: str, name: str) -> tuple[list[str], str]:
    """The options that a plug-in reads and its package; of our own nothing."""
    from components.spec.catalogue import CATALOGUE
    from components.spec.choices import Choices
    from components.spec.sections.base import option_names

    choices = CATALOGUE[topic]
    if not isinstance(choices, Choices) or name in choices.own:
        return [], ""
    model = choices.options_of(name)
    packages = [f"{package} {version}" for package, version in choices.packages(name).items()]
    names = option_names(model) if model else []
    return [f"options.{name}" for name in names], ", ".join(packages)
