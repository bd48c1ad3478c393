"""A text encoder whose weights lie in a folder of the user's."""

import re
from functools import lru_cache
from typing import Any

import torch

from components.data.readers import EncoderFolder
from components.errors import AlphabarError, first_line, first_of
from components.files.digests import FileState, file_state
from components.networks.conditioners.encoders.convention import Convention
from components.networks.conditioners.encoders.encoder import Form
from components.networks.conditioners.encoders.frozen import FrozenEncoder
from components.networks.part_weights import refuse_no_weights

BESIDE = re.compile(
    r"(vision_model|visual_projection|text_projection|logit_scale|decoder|lm_head)\b"
    r"|.*\bposition_ids$"
)
"""Names of what published folders hold beside a text encoder: the rest of its CLIP or T5."""


def encoder_in(
    folder: EncoderFolder, convention: Convention, device: torch.device | str = "cpu"
) -> FrozenEncoder:
    """The encoder in ``folder``, one a process for the same files and device.

    Raises:
        AlphabarError: a file is missing or its configuration is broken; what is wrong with the
            weights and the tokenizer themselves, when they are first asked.
    """
    states = tuple(map(file_state, folder.files()))  # another file there is another encoder
    return _shared(folder, convention, str(device), _form(folder, convention), states)


def _form(folder: EncoderFolder, convention: Convention) -> Form:
    pooled = convention.pooled and folder.number(convention.pooled[1])
    return Form(folder.width, convention.masked, pooled)


@lru_cache(maxsize=8)
def _shared(
    folder: EncoderFolder,
    convention: Convention,
    device: str,
    form: Form,
    states: tuple[FileState, ...],
) -> FrozenEncoder:
    def load() -> Any:
        return read_encoder(folder, convention)

    return FrozenEncoder(load, folder.reader, convention, form, device=device)


def read_encoder(folder: EncoderFolder, convention: Convention) -> Any:
    """The network in ``folder``, frozen, in evaluation mode, float32; .bin files are read without
    running anything that they hold.

    Raises:
        AlphabarError: its weights are broken, they are not all there, more than its configuration
            asks for, or not finite.
    """
    import transformers

    weights, kind = folder.weights, getattr(transformers, convention.loader)
    remedy = f"copy the folder of `{folder.name}` again, or give another"
    refuse_no_weights(weights)
    try:
        with torch.random.fork_rng(devices=[]):
            network, found = kind.from_pretrained(
                str(folder.home),
                local_files_only=True,
                variant=weights.variant,
                use_safetensors=not weights.pickled,
                dtype=torch.float32,
                output_loading_info=True,
            )
    except Exception as error:
        raise _unreadable(folder, error, remedy) from error
    if missing := sorted(found["missing_keys"]):
        names = first_of(missing, most=3)
        raise AlphabarError(
            f"{folder.home} is no whole {convention.loader}: its weights lack {names}", remedy
        )
    if more := sorted(name for name in found["unexpected_keys"] if not BESIDE.match(name)):
        raise AlphabarError(
            f"the weights in {folder.home} are more than its config.json asks for: "
            f"{first_of(more, most=3)}",
            remedy,
        )
    if not all(bool(tensor.isfinite().all()) for tensor in network.parameters()):
        raise AlphabarError(
            f"the text encoder in {folder.home} has weights that are not finite", remedy
        )
    try:
        _try(network.eval().requires_grad_(False), convention)
    except Exception as error:
        raise _unreadable(folder, error, remedy) from error
    return network


def _unreadable(folder: EncoderFolder, error: Exception, remedy: str) -> AlphabarError:
    return AlphabarError(
        f"the text encoder in {folder.home} cannot be read ({first_line(error)})", remedy
    )


@torch.inference_mode()
def _try(network: Any, convention: Convention) -> None:
    """Ask for what will be read: of an odd configuration a network fails when it is asked."""
    layer = convention.layer
    tokens = torch.zeros(1, 2, dtype=torch.long)
    found = network(input_ids=tokens, output_hidden_states=layer is not None)
    _ = None if layer is None else found.hidden_states[layer]
