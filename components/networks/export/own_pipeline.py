"""The layout of any other model: a pipeline of ours lies in the folder, and draws with it."""

import shutil
from pathlib import Path
from typing import Any

from components.networks.checkpoint_header import FILE_NAME
from components.networks.export.export import Export
from components.networks.weights_file import write_weights

TAKEN_ALONG = Path(__file__).parent.parent / "exported"
OPTIONAL = ("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2")
"""Parts that not every model has."""


def write_own_pipeline(export: Export, out: Path) -> dict[str, Any]:
    """Write all parts into ``out``, and the checkpoint for alphabar; returns model_index.json."""
    config, network = export.checkpoint.config, export.checkpoint.network
    write_weights(out / FILE_NAME, config.model_dump(mode="json"), network.state_dict())
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
