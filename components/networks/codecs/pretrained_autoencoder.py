"""The codec of a pipeline's directory: its VAE as others publish it."""

from pathlib import Path
from typing import Any

from components.files.digests import known_sha256
from components.networks.codecs.autoencoder import Autoencoder
from components.networks.codecs.autoencoder_files import read_pretrained, write_autoencoder
from components.spec.catalogue import CODECS
from components.spec.codec_files import CONFIG
from components.spec.keys import digest
from components.spec.model_folder import CODEC
from components.spec.pipelines.families import VAE
from components.spec.pipelines.folder import PipelineFolder
from components.spec.sections.codec import CodecConfig


class PretrainedAutoencoder(Autoencoder):
    """Latents of a VAE in whole or half precision, in one file or several."""

    def load(self) -> None:
        """Read the weights now, so that what is wrong with them is said before any work."""
        self._network = self._read()

    def _read(self) -> Any:
        assert self.folder is not None
        return read_pretrained(self.folder, self.image_shape[0])

    def save(self, folder: Path) -> None:
        (folder / CODEC).mkdir(exist_ok=True)
        write_autoencoder(folder / CODEC, self._read())


def pretrained_codec(pipeline: PipelineFolder) -> CodecConfig:
    """What a model says of the VAE of ``pipeline``."""
    values, read = pipeline.configs[VAE], pipeline.weights(VAE).all
    files = [pipeline.root / VAE / CONFIG, *read]
    return CodecConfig.model_validate(
        {
            "kind": next(name for name, entry in CODECS.items() if "pretrained" in entry.options),
            "downsample": pipeline.factor,
            "latent_channels": values.get("latent_channels", 4),
            "digest": digest([[path.name, known_sha256(path)] for path in files]),
        }
    )
