"""`alphabar schedule`: an experiment at fixed times."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from components.errors import AlphabarError, shortened
from components.spec.loading import meant
from flows.cli.application import Application, Group
from flows.telling import tell

DEFAULT, OLD_REMOVE = "add", "--remove"
Name = Annotated[str, typer.Argument(metavar="NAME", help="The experiment's name.")]


class Schedules(Group):
    """Commands of which the word `add` may be left out, and `--remove NAME` is `remove NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first == OLD_REMOVE:
            args = ["remove", *args[1:]]
        elif first in ("", "--json"):
            args = ["list", *args]
        elif first not in self.commands and first not in ctx.help_option_names:
            _refuse_mistyped(first, list(self.commands))
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


def _refuse_mistyped(word: str, commands: list[str]) -> None:
    """Raise AlphabarError where a word is no file, and is like a command."""
    path = Path(word)
    a_word = not word.startswith("-") and not path.suffix and not path.exists()
    if a_word and (near := meant(word, commands)):
        said = "or give an experiment file: `alphabar schedule FILE --cron CRON`"
        raise AlphabarError(f"there is no command `schedule {shortened(word)}`", near + said)


app = Application(
    "Run an experiment at fixed times, while `alphabar up` runs; without a word: list.\n\n"
    "Of `alphabar schedule FILE`: `--cron CRON` (when: five fields, as in cron), "
    "`--timezone ZONE`, `--pin` (run the file's present content), `--when-busy queue|skip`; "
    "`alphabar schedule add -h` has more of each.\n\n"
    'Example: `alphabar schedule experiments/digits.yaml --cron "0 2 * * *"`'
)
app.info.cls = Schedules


@app.command(DEFAULT)
def add(
    file: Annotated[Path, typer.Argument(help="An experiment file.", metavar="FILE")],
    cron: Annotated[str, typer.Option(metavar="CRON", help="When: five fields, as in cron.")],
    timezone: Annotated[
        str | None,
        typer.Option(metavar="ZONE", help="Of CRON, as Europe/Berlin; default: this machine's."),
    ] = None,
    pin: Annotated[
        bool, typer.Option("--pin", help="Run the file's present content, also when it changes.")
    ] = False,
    when_busy: Annotated[
        Literal["queue", "skip"],
        typer.Option(
            metavar="queue|skip", help="What becomes of a run that is due while one is going."
        ),
    ] = "queue",
) -> None:
    """Make or replace an experiment's schedule; the word `add` may be left out.

    Each run reads the file anew, unless it is pinned. Where clocks change, each day has its run
    once: a time that a day lacks is an hour earlier, one that it has twice is the first.

    Example: `alphabar schedule experiments/digits.yaml --cron "0 2 * * *" --timezone Europe/Berlin`
    """
    from components.spec.loading import load_experiment
    from flows.servers import deployment
    from flows.servers.cron import checked_timezone, local_timezone
    from flows.tools.promotion import registry_gate
    from flows.workspace import Workspace

    workspace = Workspace.here()
    zone = local_timezone() if timezone is None else checked_timezone(timezone)
    registry_gate(load_experiment(file).registry, workspace)
    made = deployment.schedule(file, cron, zone, workspace.root, pin=pin, when_busy=when_busy)
    for line in made.lines():
        tell(line, schedules=[made.content()])
    if timezone is None:
        tell(f"  {zone} is this machine's time zone (another: --timezone)")


@app.command("list")
def list_schedules() -> None:
    """Show this folder's schedules: when, what they read, what happens while a run is going.

    Example: `alphabar schedule list`
    """
    from flows.servers import deployment
    from flows.workspace import Workspace

    found = deployment.schedules(Workspace.here().root)
    for line in [line for entry in found for line in entry.lines()] or ["no schedules"]:
        tell(line, schedules=[entry.content() for entry in found])


@app.command()
def pause(name: Name) -> None:
    """Make no runs until it is resumed; one that is going goes on.

    Example: `alphabar schedule pause digits`
    """
    _switch(name, on=False)


@app.command()
def resume(name: Name) -> None:
    """Make runs again.

    Example: `alphabar schedule resume digits`
    """
    _switch(name, on=True)


@app.command()
def remove(name: Name) -> None:
    """Remove a schedule; its past runs stay.

    Example: `alphabar schedule remove digits`
    """
    from flows.servers import deployment
    from flows.workspace import Workspace

    deployment.unschedule(name, Workspace.here().root)
    tell(f"{name} is not scheduled any more", removed=name)


@app.command("run-now")
def run_now(name: Name) -> None:
    """Make a run that is due now; while another one is going it waits or is cancelled, as told.

    Example: `alphabar schedule run-now digits`
    """
    from flows.servers import deployment
    from flows.workspace import Workspace

    called, page, working = deployment.run_now(name, Workspace.here().root)
    tell(f"{called}: {page}", run=called, page=page, worker=working)
    if not working:
        tell("no worker is running: it waits until `alphabar up` is")


def _switch(name: str, *, on: bool) -> None:
    from flows.servers import deployment
    from flows.workspace import Workspace

    switched = deployment.switch(name, Workspace.here().root, on=on)
    for line in switched.lines():
        tell(line, schedules=[switched.content()])
