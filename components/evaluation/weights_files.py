"""Files of networks' weights: what they may be called, and where they are looked for.

Kept apart from the networks themselves, since a plan must know which file an extractor would
read, and loads no torch.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from components.evaluation.preferences.pickscore_folder import find_pickscore_folder
from components.files.digests import known_sha256
from components.files.weights_folders import weights_folders
from components.spec.catalogue.preferences import hps_name

INCEPTION_FILES = ("inception-2015-12-05.pt", "pt_inception-2015-12-05-6726825d.pth")
"""clean-fid's TorchScript, and the same network's tensors as pytorch-fid publishes them."""

DINOV2, DINOV2_TAG = "vit_large_patch14_dinov2", "lvd142m"
"""timm's name of the architecture that `dinov2` means, and of its weights."""


def find_file(names: Sequence[str], folders: Sequence[Path]) -> Path | None:
    """The first of ``names`` that is in one of ``folders``, an earlier folder first."""
    paths = (folder / name for folder in folders for name in names)
    return next((path for path in paths if path.is_file()), None)


def find_inception_file(weights: Path | None) -> Path | None:
    """Inception's weights in one of the folders, or where clean-fid itself leaves them.

    That is the folder for temporary files, which all users share, so that only a file of this
    user's or the system's own is taken from there.
    """
    if found := find_file(INCEPTION_FILES, weights_folders(weights)):
        return found
    found = find_file(INCEPTION_FILES[:1], (Path(tempfile.gettempdir()),))
    return found if found and found.stat().st_uid in (0, os.getuid()) else None


def dinov2_files(architecture: str) -> tuple[str, str]:
    """What the weights may be called: timm's tensors, or DINOv2's own file."""
    letter = architecture.split("_")[1][0]
    return f"{architecture}.{DINOV2_TAG}.safetensors", f"dinov2_vit{letter}14_pretrain.pth"


def find_clip_file(given: str, weights: Path | None) -> Path | None:
    """The file that ``clip:<model>:<given>`` or ``hps:<given>`` names: a path, or a name in one of
    the folders."""
    return find_file((given,), (Path(), *weights_folders(weights)))


def find_weights(extractor: str, weights: Path | None) -> Path | None:
    """The file that an extractor of this name would read; None where there is none, or where its
    weights come with a package or by a download that keeps them in a cache of its own.

    Args:
        weights: the folder that is looked through first.
    """
    kind, *parts = extractor.split(":", 2)
    find = FINDERS.get(kind)
    return find(parts, weights) if find else None


def digest_of_weights(judge: str, weights: Path | None) -> str | None:
    """SHA-256 of the weights that a judge of this name would read, as `find_weights` finds them; of
    a preference model's folder, of all files that it is read from.

    Raises:
        AlphabarError: the folder of a preference model lacks some.
    """
    if (find := FOLDERS.get(judge.partition(":")[0])) is not None:
        folder = find(judge, weights)
        return None if folder is None else folder.digest()
    path = find_weights(judge, weights)
    return None if path is None else known_sha256(path)


def _open_clip(parts: Sequence[str], weights: Path | None) -> Path | None:
    return find_clip_file(parts[1], weights) if len(parts) == 2 else None


FINDERS: dict[str, Callable[[Sequence[str], Path | None], Path | None]] = {
    "inception": lambda _parts, weights: find_inception_file(weights),
    "dinov2": lambda _parts, weights: find_file(dinov2_files(DINOV2), weights_folders(weights)),
    "clip": _open_clip,
    "hps": lambda parts, weights: find_clip_file(hps_name(f"hps:{':'.join(parts)}").file, weights),
}
"""Part of an extractor's name before the first colon → (its other parts, the folder) → the file."""

FOLDERS = {"pickscore": find_pickscore_folder}
"""The same → (the whole name, the folder) → the folder that it is read from."""
