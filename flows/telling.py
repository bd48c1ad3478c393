"""What a command prints line by line, whatever names and captions it has in it."""

from components.errors import one_line


def tell(text: str) -> None:
    """Print one line; what a terminal would act on is written out."""
    print(one_line(text), flush=True)
