"""What every command has: `-h`, `--json`, records of options, and types in words."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from components.errors import AlphabarError
from flows.cli.records import JSON, with_json, with_records
from flows.telling import refuse

HELP = ("-h", "--help")
WORDS = {"int": "NUMBER", "float": "NUMBER", "str": "WORDS", "Path": "FILE"}
"""Python's type → what a user types; options that mean something else say so themselves."""
USAGE: Any = typer.BadParameter.__mro__[1]
"""What typer raises where words are wrong: an unknown option, a missing one, a wrong value."""


class Command(TyperCommand):
    """A command whose help has its types in words, and which answers a program's mistakes, too."""

    def make_context(self, info_name: Any, args: list[str], *rest: Any, **extra: Any) -> Any:
        with _answered(args):
            return super().make_context(info_name, args, *rest, **extra)

    def get_params(self, ctx: Any) -> list[Any]:
        return in_words(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands, likewise."""

    def make_context(self, info_name: Any, args: list[str], *rest: Any, **extra: Any) -> Any:
        with _answered(args):
            return super().make_context(info_name, args, *rest, **extra)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        with _answered(args):
            return super().resolve_command(ctx, args)

    def get_params(self, ctx: Any) -> list[Any]:
        return in_words(super().get_params(ctx))


class Application(typer.Typer):
    """Commands, or a group of them under one word."""

    def __init__(self, help: str, **options: Any) -> None:  # noqa: A002 - typer's own name
        super().__init__(
            cls=Group,
            help=help,
            no_args_is_help=True,
            context_settings={"help_option_names": HELP},
            rich_markup_mode="markdown",
            **options,
        )

    def command(  # type: ignore[override] # of typer's many arguments these are used
        self, name: str | None = None, *, answers: bool = True
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a command.

        Args:
            name: what is typed; the function's name unless given.
            answers: whether it has anything to say in JSON.
        """
        register = super().command(name, cls=Command)

        def registered(function: Callable[..., None]) -> Callable[..., None]:
            whole = with_records(function)
            register(with_json(whole) if answers else whole)
            return function

        return registered


@contextlib.contextmanager
def _answered(words: list[str]) -> Iterator[None]:
    """Within it what is wrong with the words that were typed is all of stdout, as JSON, where they
    ask for that."""
    asked = JSON in words  # reading them takes them away
    try:
        yield
    except AlphabarError as error:
        if asked:
            refuse(error)
        raise
    except USAGE as error:
        if asked:
            command = error.ctx.command_path if error.ctx else "alphabar"
            refuse(AlphabarError(error.format_message(), f"see `{command} -h`"))
        raise


def in_words(params: list[Any]) -> list[Any]:
    """The parameters; a flag has no type in its help, others have one in words."""
    for param in params:
        if isinstance(param, TyperArgument):
            if param.metavar is None:
                param.metavar = param.name.upper() + ("..." if param.nargs != 1 else "")
            vars(param)["get_usage_pieces"] = functools.partial(_place, param)
            vars(param)["display_type_rich"] = lambda ctx: None  # noqa: ARG005 - its name says it
        elif param.metavar is None:
            param.metavar = _word(param)
    return params


def _place(argument: Any, ctx: Any) -> list[str]:  # noqa: ARG001 - as typer calls it
    """An argument as a usage line has it: in brackets where it may be left out."""
    word: str = argument.metavar
    return [word if argument.required or word.startswith("[") else f"[{word}]"]


def _word(option: Any) -> str:
    if getattr(option, "is_flag", False):
        return ""
    if not isinstance(option, TyperOption):
        return ""
    kind = option.bare_type().removeprefix("list[").removesuffix("]")
    return WORDS.get(kind, kind.upper())
