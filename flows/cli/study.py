"""`alphabar study`: the blind comparison of two models."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.cli import study_export
from flows.cli.application import Application
from flows.cli.records import Json
from flows.telling import note, show, tell

app = Application("Blind preference studies.")


@app.callback()
def main() -> None:
    """Blind preference studies."""


study_export.register(app)


@app.command()
def plan(
    effect: Annotated[
        float, typer.Option(min=0.51, max=0.99, help="Win rate to be told from one half.")
    ] = 0.6,
    power: Annotated[
        float, typer.Option(min=0.05, max=0.99, help="How often it is to be told apart.")
    ] = 0.8,
    raters: Annotated[int, typer.Option(min=1, max=100, help="People who judge each pair.")] = 3,
    pairs: Annotated[
        int | None, typer.Option(min=2, max=20_000, help="Pairs, where that is fixed.")
    ] = None,
    people: Annotated[
        int | None, typer.Option(min=2, max=10_000, help="People, where that is fixed.")
    ] = None,
    ties: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.95, help="Share of answers that prefer neither (0.2)."),
    ] = None,
) -> None:
    """Say how many pairs and people a study needs, before anything is drawn.

    With both --pairs and --people it says which power they have.

    Example: `alphabar study plan --effect 0.6 --power 0.8 --raters 3`
    """
    from flows.tools.study_plan import plan_study

    found = plan_study(effect, power, raters, pairs, people, ties)
    show(found.table(), **found.content())
    it = found.plan
    tell(
        f"{it.pairs:,} pairs, judged by {it.raters} each of {it.people:,} people (about "
        f"{it.each:.0f} pairs a person), tell a win rate of {it.effect:g} from one half with a "
        f"power of {it.power:.2f}"
    )
    note(found.assumes)


@app.command(answers=False)
def serve(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A study under reports/studies/, or its folder.")
    ],
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Where to listen; 0.0.0.0 is at all of this machine's networks, for all in them.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Likewise; it is a part of every link.")
    ] = 8750,
    as_json: Json = False,
) -> None:
    """Serve a study to its annotators, a link for each, until Ctrl-C.

    Each answer is acknowledged when it is on the disk. Only this machine can reach it, unless told
    otherwise.

    Example: `alphabar study serve digits`
    """
    from flows.tools.study_serving import serve_study

    serve_study(name, host, port, as_json=as_json)


@app.command()
def results(
    responses: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Annotators' responses.csv files.")
    ],
    key: Annotated[Path, typer.Option("--key", help="The study's key.csv.")],
) -> None:
    """Unblind annotators' answers: the fine-tuned model's win rate with its interval.

    The interval and p are about other people and other pairs; it takes at least two of both. A
    person's own interval is about that person only.

    Example: `alphabar study results anna.csv ben.csv --key reports/digits/study/key.csv`
    """
    from components.preference.analysis import analyse
    from components.reporting.tables.table import Column, Table

    found = analyse(responses, key)
    choices = (Column(title, right=True) for title in ("fine-tuned", "baseline", "no preference"))
    people = [
        (p.name, p.wins, p.losses, p.ties, _interval(p.rate, p.low, p.high)) for p in found.people
    ]
    table = Table.of_texts("choices", ["person", *choices, "win rate"], people)
    show(table, **{key: each for key, each in asdict(found).items() if key != "notes"})
    answers = f"{found.wins} for the fine-tuned model, {found.losses} for the baseline"
    count = "1 person" if len(found.people) == 1 else f"{len(found.people)} people"
    tell(f"{count}: {answers}, {found.ties} without preference")
    if interval := _interval(found.rate, found.low, found.high):
        told = f", p = {found.p_value:.3g}" if found.p_value is not None else ""
        tell(f"win rate {interval}{told}")
    for each in filter(None, [found.without and f"no interval: {found.without}", *found.notes]):
        note(each)


def _interval(rate: float | None, low: float | None, high: float | None) -> str:
    """A rate in per cent with its interval, as far as there are any."""
    if rate is None:
        return ""
    ends = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * rate:.1f} %{ends}"
