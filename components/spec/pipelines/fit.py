"""Whether a pipeline's parts fit each other."""

from typing import TYPE_CHECKING

from components.errors import AlphabarError, quoted
from components.spec.codec_files import CONFIG
from components.spec.pipelines.families import UNET, VAE
from components.spec.pipelines.sizes import flat, refuse_wild
from components.spec.pipelines.vae import USUAL, refuse_odd_vae

if TYPE_CHECKING:
    from components.spec.pipelines.folder import PipelineFolder

_REMEDY = "give the directory of another model, or one whose parts are of one model"
_NOT_READ = ("encoder_hid_dim_type", "class_embed_type", "time_cond_proj_dim", "num_class_embeds")
"""What a UNet can be told beside its text, which these pipelines do not."""


def refuse_unfit_parts(folder: "PipelineFolder") -> None:
    """Raise AlphabarError where the network does not read what the VAE and the encoders make."""
    for part, values in folder.configs.items():
        refuse_wild(folder.root / part, values)
    _latents(folder)
    _images(folder)
    for key in _NOT_READ if UNET in folder.configs else ():
        if folder.network.get(key) is not None:
            raise _fault(folder, f"`{key}: {quoted(folder.network[key])}` is not read")
    _CONDITIONS[folder.family.joined](folder)


def _latents(folder: "PipelineFolder") -> None:
    vae = {**USUAL, **folder.configs[VAE]}
    refuse_odd_vae(folder.root / VAE, vae, None)
    channels = vae["latent_channels"]
    read = folder.network["in_channels"]
    given = folder.network.get("out_channels") or read
    if read != channels * folder.family.packed or given != read:
        what = f"reads {quoted(read)} channels and gives {quoted(given)}"
        raise _fault(folder, f"{what}, and the VAE's latents have {quoted(channels)}")


def _images(folder: "PipelineFolder") -> None:
    if not 1 <= folder.factor <= 32:
        raise AlphabarError(
            f"{folder.root / VAE / CONFIG}: `block_out_channels` are not 1 to 6 numbers", _REMEDY
        )
    if folder.latent_side % folder.family.patch or not 4 <= folder.size <= 1024:
        raise _fault(folder, f"draws images of {folder.size} pixels: 4 to 1,024 are taken")


def _one(folder: "PipelineFolder") -> None:
    if added := folder.network.get("addition_embed_type"):
        raise _fault(
            folder,
            f"asks for `addition_embed_type: {quoted(added)}`, as Stable Diffusion XL's does, and "
            f"{folder.kind} has no such condition",
        )
    _cross_attention(folder, _width(folder, "text_encoder"))


def _sdxl(folder: "PipelineFolder") -> None:
    second = _projected(folder, "text_encoder_2")
    _cross_attention(folder, _width(folder, "text_encoder") + _width(folder, "text_encoder_2"))
    network = folder.network
    if network.get("addition_embed_type") != "text_time":
        raise _fault(folder, "has no `addition_embed_type: text_time`, which SDXL's needs")
    wide = 6 * (network.get("addition_time_embed_dim") or 0) + second
    if network.get("projection_class_embeddings_input_dim") != wide:
        read = quoted(network.get("projection_class_embeddings_input_dim"))
        raise _fault(folder, f"reads {read} added numbers, and text_encoder_2 makes {wide} of them")


def _sd3(folder: "PipelineFolder") -> None:
    pooled = _projected(folder, "text_encoder") + _projected(folder, "text_encoder_2")
    _pooled(folder, pooled)
    if "text_encoder_3" in folder.configs:
        _joint(folder, _width(folder, "text_encoder_3"), "text_encoder_3")


def _flux(folder: "PipelineFolder") -> None:
    _pooled(folder, _width(folder, "text_encoder"))
    _joint(folder, _width(folder, "text_encoder_2"), "text_encoder_2")


_CONDITIONS = {"one": _one, "sdxl": _sdxl, "sd3": _sd3, "flux": _flux}


def _cross_attention(folder: "PipelineFolder", width: int) -> None:
    read = folder.network["cross_attention_dim"]
    if any(each != width for each in flat(read)):
        raise _fault(
            folder, f"reads text states of width {quoted(read)}, and its encoders make {width}"
        )


def _joint(folder: "PipelineFolder", width: int, encoder: str) -> None:
    read = folder.network["joint_attention_dim"]
    if read != width:
        raise _fault(folder, f"reads text states of width {quoted(read)}, {encoder} makes {width}")


def _pooled(folder: "PipelineFolder", width: int) -> None:
    read = folder.network["pooled_projection_dim"]
    if read != width:
        raise _fault(folder, f"reads a pooled text of width {quoted(read)}, and is given {width}")


def _width(folder: "PipelineFolder", encoder: str) -> int:
    values = folder.configs[encoder]
    return _size(folder, encoder, "hidden_size" if "hidden_size" in values else "d_model")


def _projected(folder: "PipelineFolder", encoder: str) -> int:
    return _size(folder, encoder, "projection_dim")


def _size(folder: "PipelineFolder", part: str, key: str) -> int:
    value = folder.configs[part].get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        path = folder.root / part / CONFIG
        raise AlphabarError(f"{path}: `{key}: {quoted(value)}` is no width", _REMEDY)
    return value


def _fault(folder: "PipelineFolder", what: str) -> AlphabarError:
    return AlphabarError(f"the network in {folder.root / folder.family.denoiser} {what}", _REMEDY)
