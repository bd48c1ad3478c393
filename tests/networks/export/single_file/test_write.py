"""One file of a pipeline, read by diffusers, has every tensor of the folder."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors import safe_open
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from components.errors import AlphabarError
from components.networks.export.single_file.family import SD1, SD2, SDXL, Family
from components.networks.export.single_file.write import Told, save_single_file
from tests.tiny_text_encoders import tiny_clip

BLOCKS = (8, 16, 16, 16)


def unet(width: int, **config: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        cross_attention_dim=width,
        norm_num_groups=4,
        attention_head_dim=2,
        **{"block_out_channels": BLOCKS, **config},
    )


def vae() -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=BLOCKS,
        layers_per_block=2,
        latent_channels=4,
        norm_num_groups=4,
    )


def sd1(folder: Path) -> type[StableDiffusionPipeline]:
    """With the real numbers of blocks, layers and encoder layers' names."""
    tiny_clip(folder / "clip")
    return _stable_diffusion(folder, unet(16))


def sd2(folder: Path) -> type[StableDiffusionPipeline]:
    tiny_clip(folder / "clip", pad="!", layers=12)
    return _stable_diffusion(folder, unet(16, use_linear_projection=True))


def _stable_diffusion(folder: Path, network: Any) -> type[StableDiffusionPipeline]:
    StableDiffusionPipeline(
        vae=vae(),
        text_encoder=CLIPTextModel.from_pretrained(folder / "clip"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "clip"),
        unet=network,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return StableDiffusionPipeline


def sdxl(folder: Path) -> type[StableDiffusionXLPipeline]:
    tiny_clip(folder / "clip")
    tiny_clip(folder / "clip2", width=24, projection=20, pad="!", layers=11)
    network = unet(
        16 + 24,
        block_out_channels=BLOCKS[:3],
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 3),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 20,
    )
    StableDiffusionXLPipeline(
        vae=vae(),
        text_encoder=CLIPTextModel.from_pretrained(folder / "clip"),
        text_encoder_2=CLIPTextModelWithProjection.from_pretrained(folder / "clip2"),
        tokenizer=CLIPTokenizer.from_pretrained(folder / "clip"),
        tokenizer_2=CLIPTokenizer.from_pretrained(folder / "clip2"),
        unet=network,
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
    ).save_pretrained(folder)
    return StableDiffusionXLPipeline


MARKERS = {
    "sd1": {
        "model.diffusion_model.output_blocks.11.0.skip_connection.weight",
        "model.diffusion_model.input_blocks.3.0.op.weight",
        "model.diffusion_model.middle_block.1.proj_in.weight",
        "model.diffusion_model.output_blocks.2.1.conv.weight",
        "model.diffusion_model.output_blocks.5.2.conv.weight",
        "cond_stage_model.transformer.text_model.encoder.layers.0.layer_norm1.weight",
        "first_stage_model.decoder.up.3.upsample.conv.weight",
        "first_stage_model.encoder.mid.attn_1.q.weight",
    },
    "sd2": {
        "model.diffusion_model.input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight",
        "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight",
    },
    "sdxl": {
        "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight",
        "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias",
        "conditioner.embedders.1.model.text_projection",
        "model.diffusion_model.label_emb.0.2.weight",
        "model.diffusion_model.output_blocks.2.2.conv.weight",
    },
}
"""Names in the files that were published, by some of which readers know a family."""


@pytest.mark.parametrize(
    ("build", "family", "prediction", "architecture"),
    [
        (sd1, SD1, "epsilon", "stable-diffusion-v1"),
        (sd2, SD2, "v_prediction", "stable-diffusion-v2-768-v"),
        (sdxl, SDXL, "epsilon", "stable-diffusion-xl-v1-base"),
    ],
    ids=["sd1", "sd2", "sdxl"],
)
def test_diffusers_reads_the_file_and_finds_every_tensor(
    tmp_path: Path, build: Any, family: Family, prediction: str, architecture: str
) -> None:
    pipeline, file = build(tmp_path / "folder"), tmp_path / "one.safetensors"
    assert pipeline.__name__ == family.pipeline
    told = Told("a title", prediction, True, 64, "CC BY-SA 4.0")
    save_single_file(tmp_path / "folder", file, family, told)
    save_single_file(tmp_path / "folder", tmp_path / "again.safetensors", family, told)
    assert file.read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    whole = pipeline.from_pretrained(tmp_path / "folder", local_files_only=True)
    single = pipeline.from_single_file(
        str(file), config=str(tmp_path / "folder"), local_files_only=True
    )
    for part in ("unet", "vae", *family.text):
        expected, found = (getattr(one, part).state_dict() for one in (whole, single))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected), part
    with safe_open(file, framework="pt") as opened:
        names, said = set(opened.keys()), opened.metadata()
        marks = {name: opened.get_tensor(name).shape for name in names if "." not in name}
    assert MARKERS[build.__name__] <= names
    assert marks == {"ztsnr": (0,)} | ({"v_pred": (0,)} if prediction != "epsilon" else {})
    block = file.read_bytes()
    (length,) = struct.unpack("<Q", block[:8])
    assert said == {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": architecture,
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "modelspec.title": "a title",
        "modelspec.resolution": "64x64",
        "modelspec.prediction_type": {"epsilon": "epsilon"}.get(prediction, "v"),
        "modelspec.license": "CC BY-SA 4.0",
        "modelspec.hash_sha256": f"0x{hashlib.sha256(block[8 + length :]).hexdigest()}",
    }
    assert json.loads(block[8 : 8 + length])["__metadata__"] == said
    assert [path.name for path in tmp_path.glob("*.plain")] == []


def test_what_one_file_has_no_word_for_is_refused(tmp_path: Path) -> None:
    sd1(tmp_path)
    file = tmp_path / "one.safetensors"
    with pytest.raises(AlphabarError, match="no word for a model that predicts `sample`"):
        save_single_file(tmp_path, file, SD1, Told("", "sample", False, 64))
    network = unet(16, class_embed_type="timestep")
    network.save_pretrained(tmp_path / "unet")
    with pytest.raises(AlphabarError, match="no name for the layer class_embedding"):
        save_single_file(tmp_path, file, SD1, Told("", "epsilon", False, 64))
    assert not file.exists()
