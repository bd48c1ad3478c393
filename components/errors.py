"""The one error that a user is meant to read."""


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
        return f"{self.what}\n  remedy: {self.remedy}"
