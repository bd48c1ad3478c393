"""`alphabar study`: the blind comparison of two models."""

from typing import Annotated

import typer

from flows.cli import study_answers, study_export
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


study_answers.register(app)
