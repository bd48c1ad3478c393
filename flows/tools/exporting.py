"""Models in new folders of the user's choice."""

from pathlib import Path
from typing import TYPE_CHECKING

from components.data.pin import USERS
from components.errors import AlphabarError
from components.files.new_folder import new_folder
from components.licences import licences_of
from flows.run.stages import prepare_process
from flows.tools.chosen import Chosen
from flows.tools.sampling import GUIDED, Manner
from flows.workspace import Workspace

if TYPE_CHECKING:
    from components.networks.export.export import Export


EXPORT = Manner("export", GUIDED)
"""As `alphabar sample` draws."""


def export_model(
    chosen: Chosen, out: Path, workspace: Workspace, *, single_file: bool = False
) -> "Export":
    """Write a model into the new folder ``out``; returns what was written, and what was not.

    Args:
        single_file: into one file of the folder's name, too.

    Raises:
        AlphabarError: ``out`` exists, or the checkpoint or an adapter is broken.
    """
    with new_folder(out, workspace.store_root) as part:
        prepare_process(threads=None)
        from components.networks.checkpoint_header import FILE_NAME
        from components.networks.export.folder import save_diffusers

        values = chosen.sampling.model_dump(mode="json")
        licences = licences_of(chosen.model, workspace.store_root, workspace.root / USERS)
        name = out.absolute().name if single_file else None
        if name == Path(FILE_NAME).stem:
            name = f"{name}-one-file"  # that file would be taken for alphabar's own
        return save_diffusers(
            chosen.model, part, values, workspace.weights, licences, name, chosen.worn
        )


def export_lora(chosen: Chosen, out: Path, workspace: Workspace) -> list[str]:
    """Write a LoRA of ours into the new folder ``out`` for other tools; what was written, and what
    was not, a sentence each.

    Raises:
        AlphabarError: ``out`` exists, the model is no LoRA, or a file is broken.
    """
    if chosen.base is None:
        raise AlphabarError(
            f"{chosen.model} is a whole model, and no LoRA",
            "give the folder of a fine-tune of kind lora, such as artifacts/finetune/<key>, or "
            "leave out --lora",
        )
    with new_folder(out, workspace.store_root) as part:
        prepare_process(threads=None)
        from components.networks.adapters.lora_export import save_lora

        name = out.absolute().name
        return save_lora(chosen.model, chosen.base, part, name, workspace.weights)
