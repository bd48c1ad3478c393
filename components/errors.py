"""The one error that a user is meant to read, and how long what it says may be."""

MOST_OF_A_VALUE = 60
MOST_OF_A_LINE = 200
MOST_OF_A_MESSAGE = 4000
MOST_LISTED = 10


class AlphabarError(Exception):
    """Bad input or a broken surrounding, said so that the reader can act.

    The command line prints ``what`` and ``remedy`` and exits with code 2; nothing has been
    published when it is raised.

    Args:
        what: names the thing and what is wrong with it, in one sentence.
        remedy: what the user can do about it, in one sentence.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)  # both as args, so that the error survives pickling
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        what, remedy = (shortened(visible(s), MOST_OF_A_MESSAGE) for s in (self.what, self.remedy))
        return f"{what}\n  remedy: {remedy}"

    @property
    def line(self) -> str:
        """Both in one line, as a log has them."""
        return one_line(f"{self.what} (remedy: {self.remedy})")


class UnfitError(ValueError):
    """Values of a section that do not fit together, with what the user can do about it.

    It is for validators: who reads the whole file makes an `AlphabarError` of it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def shortened(value: object, most: int = MOST_OF_A_VALUE) -> str:
    """``value`` as a message quotes it: its first ``most`` characters, and how many there are."""
    text = _text(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def quoted(value: object, most: int = MOST_OF_A_VALUE) -> str:
    """As `shortened`, written as Python writes it, so that a text differs from a number."""
    if isinstance(value, str | bytes) and len(value) > most:
        return f"{value[:most]!r}… ({len(value)} characters)"
    try:
        return shortened(repr(value), most)
    except (ValueError, RecursionError):  # an integer of thousands of digits; a nest of lists
        return f"a {type(value).__name__} too long to be shown"


def first_line(error: Exception) -> str:
    """What another library's error says, as a message of ours quotes it."""
    return shortened((str(error).splitlines() or [type(error).__name__])[0], MOST_OF_A_LINE)


def first_of(names: list[str], separator: str = ", ", most: int = MOST_LISTED) -> str:
    """``names`` in one line; of many the first ``most``, and how many more there are."""
    more = len(names) - most
    shown = separator.join(names[:most])
    return f"{shown}{separator}and {more} more" if more > 0 else shown


def number_of(count: int, noun: str) -> str:
    """``count`` and ``noun`` in one or in several, by its regular plural."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _text(value: object) -> str:
    try:
        return str(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long to be shown"


def one_line(text: str) -> str:
    """As `visible`, and the ends of lines too."""
    return text if text.isprintable() else visible(text).replace("\n", r"\n").replace("\t", r"\t")


def visible(text: str) -> str:
    """``text`` with what a terminal would act on, such as the escape character, written out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)
