"""Models with their adapters baked in, in new folders of the user's choice."""

import json
import shutil
from pathlib import Path

from components.data.pin import USERS
from components.errors import AlphabarError
from components.files.new_folder import new_folder
from components.licences import licence_files, licences_of, publish_licences
from components.spec.model_folder import SAMPLING
from components.spec.pipelines.folder import is_pipeline
from flows.run.stages import prepare_process
from flows.tools.chosen import Chosen
from flows.tools.exporting import export_model
from flows.tools.sampling import GUIDED, Manner
from flows.workspace import Workspace

MERGE = Manner("merge", GUIDED)


def merge_model(chosen: Chosen, out: Path, workspace: Workspace) -> None:
    """Write ``chosen`` into the new folder ``out``, its adapters baked in.

    Raises:
        AlphabarError: it has no adapter, ``out`` exists, a file is broken, or an adapter changes
            text encoders that a model of alphabar has no files of its own for.
    """
    if chosen.base is None and not chosen.adapters:
        raise AlphabarError(
            f"{chosen.model} has no adapter that could be baked in", "give one: `--adapter FILE`"
        )
    whole = chosen.base or chosen.model
    if is_pipeline(whole):
        export_model(chosen, out, workspace)
        return
    with new_folder(out, workspace.store_root) as part:
        prepare_process(threads=None)
        from components.networks.adapters import load_worn
        from components.networks.adapters.parts import text_changed
        from components.networks.checkpoint import save_checkpoint

        length = chosen.sampling.ema_length
        merged = load_worn(chosen.model, chosen.worn, ema_length=length, weights=workspace.weights)
        if text_changed(merged):
            raise AlphabarError(
                f"an adapter changes the text encoders of {whole}, which its model.safetensors "
                "does not hold",
                "write them too: `alphabar export MODEL DIR --adapter FILE`",
            )
        save_checkpoint(part, merged.config, merged.network, merged.codec)
        values = chosen.sampling.model_dump(mode="json", exclude={"adapter_scale", "ema_length"})
        (part / SAMPLING).write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")
        found = [
            each
            for model in dict.fromkeys((whole, chosen.model))
            for each in licences_of(model, workspace.store_root, workspace.root / USERS)
        ]
        publish_licences(part, found)
        for path in licence_files(whole):
            shutil.copyfile(path, part / path.name)
