"""Where files of networks' weights are looked for."""

from pathlib import Path


def weights_folders(folder: Path | None) -> tuple[Path, ...]:
    """Where files of weights are looked for, in order: ``folder``, then the user's own cache.

    The user's is ``~/.cache/alphabar/weights``; what is downloaded goes into the first of them.
    """
    own = Path.home() / ".cache" / "alphabar" / "weights"
    return (own,) if folder is None else (folder, own)
