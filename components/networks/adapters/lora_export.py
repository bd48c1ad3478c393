"""A LoRA of ours for other tools: diffusers' file, and kohya's where its readers know the model."""

from pathlib import Path

from components.errors import AlphabarError
from components.networks.adapters.lora_file import DIFFUSERS_FILE, read_lora, tells_text
from components.networks.adapters.lora_written import write_diffusers, write_kohya
from components.networks.adapters.parts import parts_of, text_parts
from components.networks.adapters.spelling import UNET
from components.networks.checkpoint import Checkpoint, load_checkpoint
from components.networks.export.single_file.family import SD1, SD2, SDXL, Family
from components.spec.model_folder import ADAPTER_FILE

KOHYA = {"sd1": (SD1, "sd_v1"), "sd2": (SD2, "sd_v2"), "sdxl": (SDXL, "sdxl_base_v1-0")}
"""Family → its single file's, and what kohya's scripts call it."""


def save_lora(
    adapter: Path, base: Path, out: Path, name: str, weights: Path | None = None
) -> list[str]:
    """Write the LoRA in ``adapter`` into ``out``: pytorch_lora_weights.safetensors, and
    ``name``.safetensors as kohya's scripts write one.

    Args:
        base: the directory of the model that it is an adapter of.
        weights: the folder in which an encoder's weights are looked for first.

    Returns:
        What was written, and what was not, a sentence each.

    Raises:
        AlphabarError: it is no LoRA, or one of them is broken.
    """
    path = adapter / ADAPTER_FILE
    model = load_checkpoint(base, weights=weights)
    parts = parts_of(model)
    if tells_text(path):
        parts |= text_parts(model)
    lora = read_lora(path, parts)
    write_diffusers(out / DIFFUSERS_FILE, lora, parts)
    said = [f"{DIFFUSERS_FILE} is for `load_lora_weights` of diffusers' pipelines"]
    family = _family(model)
    if family is None:
        why = "its readers know Stable Diffusion 1, 2 and XL alone"
        return [*said, f"not written: kohya's file; {why}"]
    if any(change.magnitude is not None for change in lora.values()):
        return [*said, "not written: kohya's file; a DoRA is read in different ways there"]
    file, called = f"{name}.safetensors", KOHYA[family]
    write_kohya(
        out / file,
        lora,
        parts,
        base_version=called[1],
        architecture=_architecture(called[0], model),
        title=name,
        two_encoders=called[0] is SDXL,
    )
    return [*said, f"{file} is the same for kohya's scripts, A1111 and ComfyUI"]


def _family(model: Checkpoint) -> str | None:
    """The family that kohya's readers take a model for; None where they know none."""
    try:
        pipeline = model.conditioner.exported().pipeline
    except AlphabarError:
        return None
    network = parts_of(model).get(UNET)
    if network is None or pipeline is None:
        return None
    if pipeline == SDXL.pipeline:
        return "sdxl"
    return "sd2" if getattr(network, "config").use_linear_projection else "sd1"  # noqa: B009


def _architecture(family: Family, model: Checkpoint) -> str:
    return family.architecture.get(
        model.config.process.prediction, next(iter(family.architecture.values()))
    )
