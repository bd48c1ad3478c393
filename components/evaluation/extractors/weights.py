"""How networks' weights are had, and what to say when they are not."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from huggingface_hub import is_offline_mode

from components.errors import AlphabarError

OFFLINE_CHOICE = "efficientnet_lite0"
"""The extractor whose weights come with its package."""

_SECONDS = 20  # without an answer, after which there is no network


def missing_weights(
    extractor: str, names: Sequence[str], folders: Sequence[Path | str], why: object
) -> AlphabarError:
    """The error to raise: which file, where it was looked for, why it did not come, what to do."""
    return AlphabarError(
        f"the extractor `{extractor}` has no weights: {' or '.join(names)} is not in "
        f"{', nor in '.join(map(str, folders))}, and was not downloaded ({why})",
        "put the file there, or let it be downloaded once (HF_HUB_OFFLINE=0), or choose "
        f"`{OFFLINE_CHOICE}`, which needs no download",
    )


@contextmanager
def loading(extractor: str, path: Path) -> Iterator[None]:
    """Turn whatever a reader of weights raises into an AlphabarError that names the file."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # a broken file makes its reader raise nearly anything
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise AlphabarError(
            f"the extractor `{extractor}` cannot load its weights {path} ({reason})",
            "delete the file and get it again, or give the weights that belong to this network",
        ) from error


def download(url: str, folder: Path) -> Path:
    """The file at ``url`` in ``folder``, whole or not at all.

    Raises:
        OSError: the process is offline (HF_HUB_OFFLINE), there is no network or no space, or the
            connection broke.
    """
    if is_offline_mode():
        raise OSError("HF_HUB_OFFLINE is set")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / url.rpartition("/")[2]
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        part = Path(inside) / target.name
        try:
            with urlopen(url, timeout=_SECONDS) as answer, part.open("wb") as file:  # noqa: S310
                shutil.copyfileobj(answer, file)
                promised = int(answer.headers.get("Content-Length") or file.tell())
        except HTTPException as error:
            raise OSError(f"{url}: {type(error).__name__}") from error
        if part.stat().st_size != promised:  # urllib does not say so
            raise OSError(f"{url} ended after {part.stat().st_size} of {promised} bytes")
        part.replace(target)
    return target
