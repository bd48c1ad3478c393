"""What fine-tunes ask of their model and their data, looked at before anything runs.

The stage `finetune` says the same, by the same rules; it comes when all baselines are trained.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from components.data.decided import find_study, read_decided
from components.data.metadata import Row
from components.data.pin import raw_folder
from components.data.readers import Reader, readers_of
from components.data.readers.pipeline_folders import find_pipeline
from components.data.readers.words import (
    lacking,
    refuse_cut,
    refuse_few_images,
    refuse_known,
    refuse_lacking,
    start_of,
    tokens_of,
    untaught,
)
from components.data.sources.folder import read_rows
from components.data.splits import split_of
from components.networks.checkpoint_header import FILE_NAME, read_shapes
from components.spec.catalogue.dpo import DRAWN
from components.spec.catalogue.finetuning import trained_lora
from components.spec.catalogue.inversion import InversionSettings
from components.spec.catalogue.lora import LoraSettings
from components.spec.catalogue.subjects import asked_prompts, subject_prompt
from components.spec.chosen_layers import (
    Shapes,
    chosen_layers,
    refuse_above_attention,
    refuse_untouched,
)
from components.spec.experiment import Experiment
from components.spec.pipelines.folder import PipelineFolder
from components.spec.plan import Plan
from components.spec.plan.preferences import simulated
from components.spec.sections.data import DataSpec
from components.spec.sections.finetuning import FinetuneSpec
from components.spec.tunings import tunings
from flows.run.based import Base
from flows.run.pretrained import KEY
from flows.workspace import Workspace


def refuse_unfit_tunings(plan: Plan, base: Base | None, workspace: Workspace) -> None:
    """Raise AlphabarError where a fine-tune of ``plan`` would be refused once it is its turn, as
    far as that is known: by a base's layers, by tokenizers, and by the data where that is there.

    Args:
        base: the model of `finetune.base`.
    """
    specs = [*{each.training: each.spec for each in tunings(plan.experiment)}.values()]
    for spec in specs:
        if (subject := spec.subject_data(plan.experiment.data)) is not None:
            plan.outside.data_hash(subject)
        if (settings := _lora(spec)) and base is None:
            refuse_above_attention(_widest_attention(plan), settings)
    for experiment in _started_from(plan):
        pipeline = _pipeline(experiment, base, workspace)
        for spec in specs:
            _refuse_unfit_words(spec, experiment, pipeline, workspace)
            _refuse_unfit_layers(spec, base, pipeline)
    for spec in specs:
        _refuse_unfit_subject(spec, plan.experiment.data, workspace.root)
        _refuse_unfit_preferences(spec, plan, workspace.root)


def _lora(spec: FinetuneSpec) -> LoraSettings | None:
    return trained_lora(spec.kind, spec.settings)


def _widest_attention(plan: Plan) -> int:
    """Channels, of the networks that are trained before and may win; no bound where one of them
    is others'."""
    widths = [cell.cell.experiment.network.attended for cell in plan.cells if cell.may_win]
    return max((width or sys.maxsize for width in widths), default=sys.maxsize)


def _started_from(plan: Plan) -> list[Experiment]:
    """What fine-tunes may start from, one for each encoder of captions and network."""
    able = [cell.cell.experiment for cell in plan.cells if cell.may_win]
    found = {(each.conditioning.encoder, each.network.pretrained): each for each in able}
    return list(found.values())


def _pipeline(
    experiment: Experiment, base: Base | None, workspace: Workspace
) -> PipelineFolder | None:
    if base is not None:
        return base.pipeline
    name = experiment.network.pretrained
    return None if name is None else find_pipeline(name, KEY, workspace.weights)


def _refuse_unfit_layers(
    spec: FinetuneSpec, base: Base | None, pipeline: PipelineFolder | None
) -> None:
    settings = _lora(spec)
    if settings is None:
        return
    if pipeline is None:
        if base is not None and not settings.text_encoder:
            chosen_layers(_layers("unet", read_shapes(base.folder / FILE_NAME)), settings)
        return
    parts = [pipeline.family.denoiser]
    texts = [part.encoder for part in pipeline.texts] if settings.text_encoder else []
    files = {part: pipeline.weights(part) for part in [*parts, *texts]}
    if any(each.pickled for each in files.values()):
        return
    shapes: dict[str, tuple[int, ...]] = {}
    for part, each in files.items():
        shapes |= _layers(part, each.shapes())
    refuse_untouched(chosen_layers(shapes, settings), texts)


def _layers(part: str, shapes: Shapes) -> Shapes:
    """Of linear layers and convolutions, by name, among those of a part's weights."""
    found = {
        name.removesuffix(".weight"): shape
        for name, shape in shapes.items()
        if name.endswith(".weight") and len(shape) in (2, 4)
    }
    return {f"{part}.{n}": shape for n, shape in found.items() if not n.endswith("embedding")}


def _refuse_unfit_words(
    spec: FinetuneSpec,
    experiment: Experiment,
    pipeline: PipelineFolder | None,
    workspace: Workspace,
) -> None:
    encoder = experiment.conditioning.encoder
    if spec.entry.trains_text(spec.model_dump()) and pipeline is not None and pipeline.family.flow:
        raise untaught(encoder)
    limit = experiment.conditioning.max_tokens
    if spec.entry.settings is not InversionSettings:
        if spec.learns_subject:
            most = limit if spec.entry.trains_text(spec.model_dump()) else None
            _refuse_cut_prompts(spec, readers_of(encoder, workspace.weights), most)
        return
    settings = InversionSettings.model_validate(spec.settings)
    assert settings.token is not None
    assert settings.initial is not None
    tokens = tokens_of(settings.token, settings.vectors)
    readers = readers_of(encoder, workspace.weights)
    for reader in readers:
        refuse_known(reader, tokens, f"`finetune.token: {settings.token}`")
        start_of(reader, settings.initial)
    data = spec.data(experiment.data)
    told = [reader.with_tokens(tokens) for reader in readers]
    if spec.learns_subject:
        for reader in told:
            _refuse_cut_prompts(spec, [reader], limit)
    elif rows := _rows(data, workspace.root):
        _refuse_unfit_captions(rows, data, settings, told, limit)


def _refuse_cut_prompts(
    spec: FinetuneSpec, readers: Sequence[Reader], max_tokens: int | None
) -> None:
    """What the subject's images are shown with is cut at ``max_tokens``, what is drawn never is."""
    settings, word = spec.settings, spec.settings["token"]
    refuse_cut(readers, "prompt", [subject_prompt(settings)], word, max_tokens)
    refuse_cut(readers, "subject_prompts", asked_prompts(settings), word)


def _refuse_unfit_captions(
    rows: Sequence[Row],
    data: DataSpec,
    settings: InversionSettings,
    readers: Sequence[Reader],
    max_tokens: int | None,
) -> None:
    """Those that are surely trained on, or none at all, must have the word: which images a hash
    holds out is not looked at."""
    split = any(row.split for row in rows)
    trained = [row for row in rows if not split or split_of(row.split) == "train"]
    refuse_few_images(min(len(trained), data.images or len(trained)))
    word = str(settings.token)
    said = settings.template and settings.template.replace("{token}", word)
    captions = dict.fromkeys(text for row in trained for text in row.captions)
    texts = list(dict.fromkeys((said or "{caption}").replace("{caption}", c) for c in captions))
    for reader in readers:
        limit = max_tokens or reader.limit
        without = lacking(reader, tokens_of(word, settings.vectors)[-1], texts, limit)
        if (split and data.images is None) or len(without) == len(texts):
            where = "that are trained on" if split else "of the data"
            refuse_lacking(without, len(texts), word, limit, where)


def _refuse_unfit_subject(spec: FinetuneSpec, data: DataSpec, root: Path) -> None:
    if not spec.learns_subject:
        return
    from components.data.subject import (
        OF_CAPTIONS,
        of_folder,
        refuse_not_few,
        refuse_unmet,
        subject_rows,
    )

    if (folder := spec.subject_data(data)) is not None:
        raw = raw_folder(folder, root).folder
        if raw.is_dir() and (own := subject_rows(raw, folder)):
            refuse_not_few(len(own), of_folder(folder))
        return
    if rows := _rows(data, root):
        wanted = set(spec.settings["subject"])
        shown = [row for row in rows if wanted.intersection(row.captions)]
        refuse_unmet(wanted.difference(*(row.captions for row in shown)))
        if data.images is None:
            refuse_not_few(len(shown), OF_CAPTIONS)


def _refuse_unfit_preferences(spec: FinetuneSpec, plan: Plan, root: Path) -> None:
    name = spec.settings.get("preferences")
    if name == DRAWN:
        simulated(plan.experiment)
    elif name is not None:
        plan.outside.decided(name)
        read_decided(find_study(name, root))


def _rows(data: DataSpec, root: Path) -> list[Row]:
    """What lists the images of ``data``; nothing where that is not there yet."""
    raw = raw_folder(data, root).folder
    if not raw.is_dir():
        return []
    rows = read_rows(raw, data.caption_column, data.label_column)
    return [row for row in rows if data.style is None or row.style == data.style]
