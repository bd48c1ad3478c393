"""The stage `base`: a model that is there already, as one that was trained here leaves it.

model.safetensors, codec/   the model's own files; of one in diffusers' format its network and
                            its autoencoder as we write them, in float32
origin.json                 that it is a copy; of one in diffusers' format, by what its network
                            is known to adapters
metrics.json                how many parameters it has
licences.json               of what it was made from, where that is known
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.errors import AlphabarError
from components.files.json_file import write_json
from components.licences import LICENCES
from components.networks.checkpoint import load_checkpoint
from components.networks.checkpoint_header import FILE_NAME
from components.networks.codecs.autoencoder import config_of
from components.networks.codecs.autoencoder_files import read_pretrained, write_autoencoder
from components.networks.pipeline import network_section, read_denoiser
from components.networks.weights_file import write_weights
from components.runtime import Runtime
from components.spec.model_config import new_config
from components.spec.model_folder import (
    CODEC,
    content_digest,
    origin_of,
    own_files,
    write_origin,
)
from components.spec.pipelines.families import VAE
from components.spec.pipelines.folder import PipelineFolder, is_pipeline, read_pipeline
from components.spec.pipelines.vae import USUAL


def base(spec: dict[str, Any], inputs: Mapping[str, Path], out: Path, runtime: Runtime) -> None:
    """Bring the model in ``inputs["base"]`` into ``out``, where its content is what ``spec`` says.

    Args:
        spec: ``base.sha256`` of its content; the sections ``codec``, ``conditioning``,
            ``network`` and ``process`` that it has, and ``size`` of the images, for one in
            diffusers' format; ``licences``, of what it was made from.

    Raises:
        AlphabarError: it was changed since the plan was made, or it is broken.
    """
    home = inputs["base"]
    if content_digest(home) != spec["base"]["sha256"]:
        raise AlphabarError(f"{home} was changed since the plan was made", "run it again")
    if is_pipeline(home):
        _take_over(read_pipeline(home), spec, out)
    else:
        for name, path in own_files(home).items():
            (out / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, out / name)
        write_origin(out, origin_of(home))
    if "licences" in spec:
        write_json(out / LICENCES, spec["licences"])
    model = load_checkpoint(out, weights=runtime.weights)
    parameters = sum(weights.numel() for weights in model.network.parameters())
    write_json(out / "metrics.json", {"parameters": parameters})


def _take_over(pipeline: PipelineFolder, spec: Mapping[str, Any], out: Path) -> None:
    """Write the network and the autoencoder of ``pipeline`` as those of a model of ours."""
    channels = {**USUAL, **pipeline.configs[VAE]}["in_channels"]
    write_autoencoder(out / CODEC, read_pretrained(pipeline.root, channels))
    between = config_of(out / CODEC, spec["codec"]["kind"])
    config = new_config(
        {
            "codec": between.model_dump(),
            "conditioning": spec["conditioning"],
            "network": network_section(pipeline),
            "process": spec["process"],
            "images": {"size": spec["size"], "channels": channels, "classes": []},
        }
    )
    weights = read_denoiser(pipeline).state_dict()
    write_weights(out / FILE_NAME, config.model_dump(mode="json"), weights)
    write_origin(out, pipeline.network_digest)
