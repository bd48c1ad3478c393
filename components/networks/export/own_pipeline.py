"""The layout of any other model: a pipeline of ours lies in the folder, and draws with it."""

import shutil
from pathlib import Path
from typing import Any

from components.networks.checkpoint_header import FILE_NAME
from components.networks.export.export import Export

TAKEN_ALONG = Path(__file__).parent.parent / "exported"
OPTIONAL = ("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")
"""Parts that not every model has."""


def write_own_pipeline(export: Export, model: Path, out: Path) -> dict[str, Any]:
    """Write all parts into ``out``, and the checkpoint in ``model`` as it is; returns
    model_index.json."""
    if (model / FILE_NAME).is_file():
        shutil.copyfile(model / FILE_NAME, out / FILE_NAME)
    export.network.save_pretrained(out / "unet", safe_serialization=True)
    export.scheduler.save_pretrained(out / "scheduler")
    if not export.stock:
        shutil.copy(TAKEN_ALONG / "alphabar_scheduler.py", out / "scheduler")
    shutil.copy(TAKEN_ALONG / "pipeline.py", out)
    return {
        "_class_name": ["pipeline", export.pipeline],
        "unet": ["diffusers", export.unet_name],
        "scheduler": [
            "diffusers" if export.stock else "alphabar_scheduler",
            export.scheduler_name,
        ],
        **dict.fromkeys(OPTIONAL, [None, None]),
        **export.told.index,
        **export.told.save(out),
        **export.codec.save(out),
        "steps": export.sampling["steps"],
        "guidance_scale": export.sampling["guidance"],
        "negative_prompt": export.sampling["negative_prompt"],
    }
