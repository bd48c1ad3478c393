"""Weights that others have published, read into a network without drawing random ones first.

Shapes are compared before anything is read: a configuration of another network, or of one that no
machine could hold, costs no memory.
"""

import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from components.errors import AlphabarError, first_line, first_of
from components.files.manifest import intact
from components.spec.pipelines.weights import REMEDY, WeightFiles

Shape = tuple[int, ...]
Rename = Callable[[str], str]
"""The name of a tensor in a file → in the network."""


def read_network(
    build: Callable[[], nn.Module],
    files: WeightFiles,
    rename: Rename = str,
    first: Mapping[str, Shape] | None = None,
) -> nn.Module:
    """What ``build`` makes, with the weights in ``files`` as float32.

    Args:
        first: shapes that are compared before anything is built, of what takes memory at once.

    Raises:
        AlphabarError: the files are broken, need more than `weights_only`, hold numbers of other
            kinds, or are not of that network.
    """
    home = files.files[0].parent
    stored = pickled_tensors(files) if files.pickled else None
    refuse_no_weights(files, stored)
    found = shapes_of(files, rename) if stored is None else _shapes(stored, rename)
    if any(found.get(name) != shape for name, shape in (first or {}).items()):
        raise _other_shapes(home, found, first or {})
    with torch.device("meta"):
        network = build()
    declared = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if found != declared:
        raise _other_shapes(home, found, declared)
    tensors = _saved(files) if stored is None else iter(stored.items())
    weights = {rename(name): _as_float32(tensor) for name, tensor in tensors}
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise AlphabarError(
                f"{home}: {name} has weights that are not finite",
                "the files are damaged, or their training has diverged: copy them again, or give "
                "another directory",
            )
    network.load_state_dict(weights, assign=True)
    return network.eval()


def refuse_no_weights(files: WeightFiles, stored: Mapping[str, Tensor] | None = None) -> None:
    """Raise AlphabarError where tensors are whole numbers, booleans or complex, but for places:
    weights of fewer bits are nothing without the scales that belong to them.

    Args:
        stored: what .bin files hold, where they were read already.
    """
    if files.pickled:
        tensors = pickled_tensors(files) if stored is None else stored
        kinds = {name: str(tensor.dtype).removeprefix("torch.") for name, tensor in tensors.items()}
    else:
        kinds = _kinds(files)
    other = [
        f"{name} of {kind}"
        for name, kind in kinds.items()
        if not kind.lower().startswith(("f", "bf")) and not name.endswith("position_ids")
    ]
    if other:
        raise AlphabarError(
            f"the weights in {files.files[0].parent} are no numbers of floating point: they have "
            f"{first_of(other, most=3)}",
            "give the model as it was before it was quantised",
        )


def _kinds(files: WeightFiles) -> dict[str, str]:
    """Every tensor's kind of numbers, by name, as safetensors calls it."""
    kinds = dict[str, str]()
    for path in files.files:
        try:
            with safe_open(intact(path), framework="np") as file:
                kinds |= {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise _broken(path, error) from error
    return kinds


def shapes_of(files: WeightFiles, rename: Rename = str) -> dict[str, Shape]:
    """Every tensor's shape, by name, from the headers of safetensors."""
    return {rename(name): shape for name, shape in files.shapes().items()}


def _saved(files: WeightFiles) -> Iterator[tuple[str, Tensor]]:
    for path in files.files:
        try:
            with safe_open(intact(path), framework="pt") as file:
                for name in file.keys():  # noqa: SIM118
                    yield name, file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise _broken(path, error) from error


def pickled_tensors(files: WeightFiles) -> dict[str, Tensor]:
    """The tensors of .bin files, which are mapped into memory where their format allows it.

    Raises:
        AlphabarError: a file is broken, needs more than `weights_only`, or holds something else.
    """
    found: dict[str, Tensor] = {}
    for path in files.files:
        held = unpickled(path, "give the directory with .safetensors files")
        if not isinstance(held, dict) or not all(isinstance(t, Tensor) for t in held.values()):
            raise AlphabarError(f"{path} holds something else than tensors by name", REMEDY)
        found |= held
    return found


def unpickled(path: Path, remedy: str) -> object:
    """What a pickle holds, which runs nothing; AlphabarError, with that remedy, where it would have
    to, and where it is broken."""
    try:
        mapped = torch.serialization._is_zipfile(path.open("rb"))
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise AlphabarError(
            f"{path} is a pickle that needs more than `weights_only`: it could run any code",
            remedy,
        ) from error
    except Exception as error:  # of odd bytes torch.load raises whatever there is
        raise _broken(path, error) from error


def _shapes(stored: Mapping[str, Tensor], rename: Rename) -> dict[str, Shape]:
    return {rename(name): tuple(tensor.shape) for name, tensor in stored.items()}


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor.clone()


def _other_shapes(
    home: Path, found: Mapping[str, Shape], declared: Mapping[str, Shape]
) -> AlphabarError:
    lacking, more = sorted(set(declared) - set(found)), sorted(set(found) - set(declared))
    other = [
        f"{name} {found[name]} instead of {declared[name]}"
        for name in declared
        if name in found and found[name] != declared[name]
    ]
    if lacking:
        fault = f"lack {first_of(lacking, most=3)}"
    elif other:
        fault = f"have {first_of(other, most=3)}"
    else:
        fault = f"have {first_of(more, most=3)} more"
    return AlphabarError(
        f"the weights in {home} are not those of its config.json: they {fault}", REMEDY
    )


def _broken(path: Path, error: Exception) -> AlphabarError:
    return AlphabarError(f"{path} is not a whole file of weights ({first_line(error)})", REMEDY)
