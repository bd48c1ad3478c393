"""Errors and notes that the command line words, as one who calls functions reads them."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from components.errors import AlphabarError
from flows.telling import of_a_file

P = ParamSpec("P")
R = TypeVar("R")

CALLED = {
    "count": "n",
    "prompt": "prompts",
    "metric": "metrics",
}
"""Options whose arguments are called otherwise here."""

_OPTIONS = re.compile(r"the options of `alphabar (\w+)`")
_COMMAND = re.compile(r"`?alphabar \w[^`\n]*`?")
_OPTION = re.compile(r"(?<![\w-])--(?P<option>[a-z][a-z-]*)(?: (?P<value>[A-Z][A-Z:]*|[\d.]+))?")


def spoken(text: str) -> str:
    """``text`` with the arguments of functions in place of options: `--steps 20` is `steps=20`.

    Whole commands, which begin with `alphabar`, stay commands; their options are arguments of the
    functions of that name.
    """
    text = _OPTIONS.sub(r"the arguments of `\1`", text)
    pieces, end = [], 0
    for command in _COMMAND.finditer(text):
        pieces += [_OPTION.sub(_argument, text[end : command.start()]), command[0]]
        end = command.end()
    return "".join([*pieces, _OPTION.sub(_argument, text[end:])])


def _argument(option: re.Match[str]) -> str:
    name = CALLED.get(option["option"], option["option"].replace("-", "_"))
    return f"{name}={option['value']}" if option["value"] else name


@contextmanager
def places(words: Mapping[str, str]) -> Iterator[None]:
    """Within it an error's places of our own making, such as temporary files, have ``words``."""
    try:
        yield
    except AlphabarError as error:
        raise AlphabarError(replaced(error.what, words), replaced(error.remedy, words)) from error


def replaced(text: str, words: Mapping[str, str]) -> str:
    """``text`` with each of ``words`` in place of its key, the longest key first."""
    for place in sorted(words, key=len, reverse=True):
        text = text.replace(place, words[place])
    return text


def in_python(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` with what its errors say as `spoken`; a file or folder that the system refuses
    is such an error, too."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except AlphabarError as error:
            what, remedy = spoken(error.what), spoken(error.remedy)
            if (what, remedy) == (error.what, error.remedy):
                raise
            raise AlphabarError(what, remedy) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise of_a_file(error) from error

    return called
