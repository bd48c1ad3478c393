"""What has no meaning in a file whose fine-tune starts from a model that is there already."""

from components.errors import AlphabarError, shortened
from components.spec.experiment import Experiment
from components.spec.metrics import LIKENESS, tells_of_a_subject
from components.spec.sections.finetuning import TAKEN_OVER
from components.spec.whose_cells import is_of_finetune, refuse_no_key

OF_A_BASELINE = (*TAKEN_OVER, "evaluate_at")
"""Keys of `training` that a fine-tune has in its own section, or not at all."""

MAY_DIFFER = ("sampling", "evaluation")
"""Sections that cells of one model may differ in."""


def refuse_without_a_baseline(experiment: Experiment, origin: str) -> None:
    """Raise AlphabarError where a file with `finetune.base` says what only a training of the
    baseline would read; nothing is said of other files."""
    if experiment.base is None:
        return
    said = f"`finetune.base: {shortened(experiment.base)}`"
    unread = [n for n in OF_A_BASELINE if n in experiment.training.model_fields_set]
    if unread:
        path, taken = f"training.{unread[0]}", unread[0] in TAKEN_OVER
        raise AlphabarError(
            f"{origin}: `{path}` has no meaning with {said}: no baseline is trained",
            f"give `finetune.{unread[0]}`" if taken else "leave it out",
        )
    finetune = experiment.finetune
    assert finetune is not None
    if finetune.style is None and finetune.limits.base_fd_at_most is not None:
        raise AlphabarError(
            f"{origin}: `finetune.limits.base_fd_at_most` has no meaning with {said}: the images "
            "that it was trained on are not at hand",
            "give `drift_at_most`, or its own data as `data` and the new one as `finetune.style`",
        )
    select_by = experiment.training.select_by
    if select_by and finetune.learns_subject and not tells_of_a_subject(select_by):
        raise AlphabarError(
            f"{origin}: `training.select_by: {shortened(select_by)}` is not taken while `kind: "
            f"{finetune.kind}` learns a subject",
            f"leave it out, and {LIKENESS} to the subject decides",
        )
    if experiment.guide:
        raise AlphabarError(
            f"{origin}: `guide` has no meaning with {said}: no weaker model is trained",
            "leave it out",
        )
    cells = (*experiment.cells, *experiment.also)
    for path in (*experiment.sweep, *(path for cell in cells for path in cell)):
        refuse_no_key(path, origin)
        if path.partition(".")[0] not in MAY_DIFFER and not is_of_finetune(path):
            raise AlphabarError(
                f"{origin}: `{shortened(path)}` cannot differ among cells with {said}: they draw "
                "from that model",
                "sweep keys of `sampling` or `finetune`, or write an experiment file for each",
            )
