"""What a command prints line by line, whatever names and captions it has in it."""

import sys

from components.errors import one_line


def tell(text: str) -> None:
    """Print one line; what a terminal would act on is written out."""
    print(one_line(text), flush=True)


def warn_of_plugins() -> None:
    """Name every broken plug-in on stderr; a command goes on that does not use it."""
    from components.spec.catalogue import plugin_faults

    for fault in plugin_faults():
        print(one_line(f"warning: {fault}"), file=sys.stderr, flush=True)
