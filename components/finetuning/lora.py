"""Low-rank changes of chosen layers (LoRA), trained with the loss that the model was trained with;
peft has the layers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from components.networks.adapters import Adapter, save_adapter
from components.networks.adapters.lora_written import diffusers_metadata, diffusers_tensors
from components.networks.adapters.low_rank import LowRank, layers_of
from components.networks.adapters.parts import clip_text, parts_of, text_names
from components.networks.checkpoint import Checkpoint
from components.networks.seeded import seeded
from components.spec.catalogue.lora import LoraSettings
from components.spec.chosen_layers import Shapes, chosen_layers, refuse_untouched
from components.spec.sections.training import TrainingSpec
from components.training.batches import TrainingSet
from components.training.denoising_task import denoising_task
from components.training.live_text import WithText, live_model, own_encoders, texts_of
from components.training.sampled_look import LookAt
from components.training.task import Inputs, Objective, Task

_NAME = "default"
"""What peft calls the adapter within its layers."""


def lora(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    inputs: Mapping[str, Path],
) -> Task:
    """The task of training changes of ``model``, which stays as it is.

    Raises:
        AlphabarError: `targets` names no layer, or a rank is above a layer's width, or there is
            no text encoder that could be trained.
    """
    return lora_task(model, spec, training, inputs["model"], texts=texts_of(inputs))


def lora_task(
    model: Checkpoint,
    spec: Mapping[str, Any],
    training: TrainingSpec,
    base: Path,
    *,
    objective: Callable[[Checkpoint], Objective] | None = None,
    data: Callable[[Checkpoint, TrainingSpec, Inputs], TrainingSet] | None = None,
    texts: Sequence[str] = (),
    look: LookAt | None = None,
) -> Task:
    """The same for any kind whose section has the settings of `LoraSettings`.

    Args:
        base: the directory of ``model``, which the adapter is one of.
        objective: the trained model → what is in the place of the denoising loss.
        data, look: as `denoising_task` has them.
        texts: what images are told, by its place; read where `text_encoder` is set.

    Raises:
        AlphabarError: as `lora`.
    """
    settings = LoraSettings.model_validate({n: spec[n] for n in LoraSettings.model_fields})
    if settings.text_encoder:
        clip_text(model)  # others are refused
    encoders = own_encoders(model) if settings.text_encoder else []
    parts = parts_of(model) | text_names(encoders)
    chosen = chosen_layers(shapes_of(layers_of(parts)), settings)
    refuse_untouched(chosen, text_names(encoders))
    for part, network in parts.items():
        own = {n.partition(".")[2]: each for n, each in chosen.items() if n.startswith(f"{part}.")}
        if own:
            _put_in(network, own, settings, training.seed)
    adapter = Adapter.of("lora", base)

    def save(folder: Path, network: nn.Module) -> None:
        trained = _trained(_parts_within(model, network), chosen)
        tensors, said = diffusers_tensors(trained, parts), diffusers_metadata(trained, parts)
        save_adapter(folder, model, adapter, tensors, said)

    live = live_model(model, encoders, texts) if encoders else None
    loss = objective and objective(live or model)
    task = denoising_task(
        model,
        training,
        objective=loss,
        trains=is_change,
        save=save,
        data=data,
        live=live,
        look=look,
    )
    return replace(task, random_layers=task.random_layers or settings.dropout > 0)


def _parts_within(model: Checkpoint, network: nn.Module) -> dict[str, nn.Module]:
    """The parts of a network that is trained, or of an average of it."""
    if isinstance(network, WithText):
        return parts_of(model, network.denoiser) | text_names([*network.encoders])
    return parts_of(model, network)


def is_change(name: str) -> bool:
    """Whether a weight of a network with peft's layers is one of theirs."""
    return ".lora_" in name


def shapes_of(layers: Mapping[str, nn.Module]) -> Shapes:
    """The shapes of layers' weights."""
    return {name: tuple(layer.get_parameter("weight").shape) for name, layer in layers.items()}


def _put_in(
    network: nn.Module, chosen: Mapping[str, tuple[int, float]], settings: LoraSettings, seed: int
) -> None:
    """Put peft's layers around those of ``network``; B is zero at first, so that nothing changes.

    The global generator, which peft draws A from, is left as it was.
    """
    from peft import LoraConfig, inject_adapter_in_model

    rank, alpha = Counter(chosen.values()).most_common(1)[0][0]
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]
        target_modules=sorted(chosen),
        rank_pattern={name: r for name, (r, _) in chosen.items() if r != rank},
        alpha_pattern={name: a for name, (_, a) in chosen.items() if a != alpha},
        lora_dropout=settings.dropout,
        use_rslora=settings.rslora,
        use_dora=settings.dora,
    )
    with seeded(seed):
        inject_adapter_in_model(config, network, _NAME)


def _trained(
    parts: Mapping[str, nn.Module], chosen: Mapping[str, tuple[int, float]]
) -> dict[str, LowRank]:
    """What peft's layers in ``parts`` have learnt."""
    found = {}
    for name, (_, alpha) in chosen.items():
        part, _, layer = name.partition(".")
        module: Any = parts[part].get_submodule(layer)
        magnitudes = module.lora_magnitude_vector
        found[name] = LowRank(
            module.lora_A[_NAME].weight.detach(),
            module.lora_B[_NAME].weight.detach(),
            alpha,
            stabilised=module.use_rslora[_NAME],
            magnitude=magnitudes[_NAME].weight.detach() if _NAME in magnitudes else None,
        )
    return found
