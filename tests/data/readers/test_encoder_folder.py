"""Folders of text encoders: found, told apart, and refused by name where something is missing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer, T5Tokenizer

from components.data.readers import Reader, folders_of, readers_of
from components.data.readers.encoder_folder import find_encoder
from components.errors import AlphabarError, quoted
from tests.tiny_pipelines import write_sd3
from tests.tiny_text_encoders import (
    END,
    POSITIONS,
    T5_LIMIT,
    Layout,
    tiny_clip,
    tiny_clip_tokenizer,
    tiny_t5,
    tiny_t5_tokenizer,
)

CAPTIONS = [
    "",
    "a red heart",
    "Grinning FACE, é 中 ☎️ it's",
    "İstanbul ½ \n\t two",
    "<|endoftext|> x",
    "<extra_id_0> hi </s>",
    "the cat and the dog " * 40,
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CLIP, `clip`, another that projects, `second`, and a T5, `t5`."""
    folder = tmp_path_factory.mktemp("places")
    tiny_clip(folder / "clip")
    tiny_clip(folder / "second", projection=8, pad="!", seed=1)
    tiny_t5(folder / "t5")
    return folder


@pytest.fixture
def copied(places: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(places, tmp_path / "places"))


@pytest.mark.parametrize("layout", ["vocab", "json"])
def test_ids_are_those_of_transformers_tokenizers(tmp_path: Path, layout: Layout) -> None:
    clip, t5 = tmp_path / "clip", tmp_path / "t5"
    tiny_clip(clip, layout=layout, pad="!")
    tiny_t5(t5, layout=layout)
    theirs: dict[str, Any] = {
        f"clip:{clip}": CLIPTokenizer.from_pretrained(clip),
        f"t5:{t5}": T5Tokenizer.from_pretrained(t5),
    }
    for name, tokenizer in theirs.items():
        (reader,) = readers_of(name)
        assert reader.limit == tokenizer.model_max_length
        assert reader.pad == tokenizer.pad_token_id
        for caption in CAPTIONS:
            expected = tokenizer(caption, truncation=True)["input_ids"]
            assert reader.ids(caption, reader.limit) == expected
            assert reader.count(caption) == len(tokenizer(caption)["input_ids"])


@pytest.fixture(scope="module")
def readers(places: Path) -> list[Reader]:
    return [*readers_of(f"clip:{places / 'clip'}"), *readers_of(f"t5:{places / 't5'}")]


def test_a_caption_has_no_more_tokens_than_its_reader_says(readers: list[Reader]) -> None:
    @given(st.text(max_size=30))
    def law(caption: str) -> None:
        assert all(reader.count(caption) <= reader.most(caption) for reader in readers)

    law()


def test_an_encoder_is_looked_for_among_the_weights_first_and_from_here_then(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(copied)
    weights = tmp_path / "weights"
    assert find_encoder("clip:clip", weights).home == copied / "clip"
    tiny_clip(weights / "clip", seed=7)
    assert find_encoder("clip:clip", weights).home == weights / "clip"
    assert find_encoder(f"clip:{copied / 'clip'}", weights).home == copied / "clip"


def test_an_id_of_the_hub_is_found_where_it_was_downloaded_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    home = tmp_path / "models--some--clip"
    weights = tiny_clip(home / "snapshots" / "abc" / "text_encoder") / "model.safetensors"
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    (home / "blobs").mkdir()
    weights.symlink_to(weights.rename(home / "blobs" / "def"))  # as the hub's cache keeps files
    assert find_encoder("clip:some/clip").home.parts[-2:] == ("abc", "text_encoder")
    assert find_encoder("clip:some/clip/text_encoder").digest()
    with pytest.raises(AlphabarError, match="hf download some/other"):
        find_encoder("clip:some/other")


def test_of_a_pipeline_s_folder_the_part_is_taken_that_is_of_the_family(tmp_path: Path) -> None:
    tiny_clip(tmp_path / "text_encoder", tokenizer=tmp_path / "tokenizer")
    tiny_clip(tmp_path / "text_encoder_2", tokenizer=tmp_path / "tokenizer_2", projection=8)
    tiny_t5(tmp_path / "text_encoder_3", tokenizer=tmp_path / "tokenizer_3")
    assert find_encoder(f"clip:{tmp_path}").home.name == "text_encoder"
    found = find_encoder(f"t5:{tmp_path}")
    assert (found.home.name, found.tokenizer.name) == ("text_encoder_3", "tokenizer_3")
    second = find_encoder(f"clip:{tmp_path / 'text_encoder_2'}")
    assert second.tokenizer.name == "tokenizer_2"


def test_a_digest_is_of_what_is_read_and_not_of_where_it_lies(copied: Path) -> None:
    digest = find_encoder(f"clip:{copied / 'clip'}").digest()
    moved = Path(shutil.copytree(copied / "clip", copied / "moved"))
    (moved / "README.md").write_text("words")
    assert find_encoder(f"clip:{moved}").digest() == digest
    for name in ("config.json", "model.safetensors", "vocab.json", "tokenizer_config.json"):
        other = Path(shutil.copytree(copied / "clip", copied / f"without-{name}"))
        weights = tiny_clip(copied / "other", seed=9) / name
        if name != "model.safetensors":
            said = json.loads((other / name).read_text())
            weights = copied / name
            weights.write_text(json.dumps(said | {"é": len(said)}, indent=3))
            if name == "vocab.json":
                weights.write_text(json.dumps(said, indent=3))
        shutil.copy(weights, other / name)
        assert find_encoder(f"clip:{other}").digest() != digest


@pytest.mark.parametrize("name", ["clip:clip", "t5:t5"])
def test_a_folder_is_looked_at_and_counted_with_without_torch(places: Path, name: str) -> None:
    code = (
        "import sys; from components.data.readers import folders_of, readers_of, cut_of;"
        f"print(folders_of({name!r})[0].digest(), cut_of(['a cat'], readers_of({name!r})));"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=places, check=True)


def test_two_that_are_joined_are_found_both(places: Path) -> None:
    name = f"clip:{places / 'clip'} + clip:{places / 'second'}"
    assert [folder.home.name for folder in folders_of(name)] == ["clip", "second"]
    assert [reader.limit for reader in readers_of(name)] == [POSITIONS, POSITIONS]
    assert readers_of(f"t5:{places / 't5'}")[0].limit == T5_LIMIT
    assert [*readers_of("class"), *readers_of("none"), *folders_of("minilm")] == []


def removed(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def written(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def halved(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return spoil


def said(name: str = "config.json", **values: Any) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        config = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(config | values))

    return spoil


def numbered(change: Callable[[str, int], int | None]) -> Callable[[Path], None]:
    """CLIP's vocabulary with other ids; a token of none is left out."""

    def spoil(folder: Path) -> None:
        vocabulary = json.loads((folder / "vocab.json").read_text())
        changed = {token: change(token, number) for token, number in vocabulary.items()}
        kept = {token: number for token, number in changed.items() if number is not None}
        (folder / "vocab.json").write_text(json.dumps(kept))

    return spoil


def few(folder: Path) -> None:
    """A tokenizer whose vocabulary was lost, as transformers saves it."""
    from transformers import T5Tokenizer

    (folder / "spiece.model").unlink()
    T5Tokenizer().save_pretrained(folder)


def halved_merges(folder: Path) -> None:
    lines = (folder / "merges.txt").read_text().splitlines(keepends=True)
    (folder / "merges.txt").write_text("".join(lines[: len(lines) // 2]))


def split(folder: Path) -> None:
    """In three files of which one was not copied."""
    (folder / "model.safetensors").unlink()
    tiny_clip(folder, max_shard_size="8KB")
    sorted(folder.glob("model-*.safetensors"))[1].unlink()


FAULTS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "no tokenizer": ("clip:clip", removed("vocab.json"), "has an encoder, and no tokenizer"),
    "no merges": ("clip:clip", removed("merges.txt"), "vocab.json with merges.txt"),
    "no vocabulary": ("t5:t5", removed("spiece.model"), "tokenizer.json or spiece.model"),
    "no encoder": (
        "clip:clip",
        removed("config.json", "model.safetensors"),
        "has a tokenizer, and no encoder",
    ),
    "nothing": (
        "t5:t5",
        removed("config.json", "model.safetensors", "spiece.model", "tokenizer_config.json"),
        "has no config.json",
    ),
    "no weights": ("clip:clip", removed("model.safetensors"), "has no weights"),
    "half the weights": (
        "clip:clip",
        halved("model.safetensors"),
        "model.safetensors is not a whole file",
    ),
    "a part of the weights": ("clip:clip", split, "lacks the shards model-00002"),
    "half the configuration": ("clip:clip", halved("config.json"), "config.json"),
    "half the tokenizer": ("clip:clip", halved("vocab.json"), "holds no whole"),
    "no vocabulary at all": ("t5:t5", written("spiece.model", b"?"), "holds no whole"),
    "another family": ("t5:clip", lambda folder: None, "holds no T5 encoder: its config.json says"),
    "a network of images": (
        "clip:clip",
        said(model_type="siglip"),
        "holds no CLIP text encoder: its config.json says `siglip`",
    ),
    "a smaller vocabulary": ("clip:clip", said(vocab_size=100), "they do not belong together"),
    "no width": ("t5:t5", said(vocab_size="many"), "has no `vocab_size` that is a number"),
    "an empty vocabulary": ("t5:t5", written("spiece.model", b""), "and no tokenizer"),
    "a vocabulary of nothing": ("t5:t5", few, "tokens beside the special ones"),
    "empty merges": ("clip:clip", written("merges.txt", b""), "and no tokenizer"),
    "merges of nothing": (
        "clip:clip",
        written("merges.txt", b"#version: 0.2\n"),
        "79 of its 591 tokens come of no merge",
    ),
    "half the merges": ("clip:clip", halved_merges, "tokens come of no merge"),
    "the same ids": ("clip:clip", numbered(lambda token, number: 3), "have the same id"),
    "no end": (
        "clip:clip",
        numbered(lambda token, number: None if token == END else number),
        f"lacks its eos_token {END}",
    ),
    "ids that the encoder does not know": (
        "clip:clip",
        numbered(lambda token, number: number + 100),
        "a token of id 692, and the encoder in",
    ),
    **{
        f"a limit of {limit}": (
            "clip:clip",
            said("tokenizer_config.json", model_max_length=limit),
            f"77 tokens by {{places}}/clip/config.json and {quoted(limit)} by",
        )
        for limit in ("x", 0, -5, 2, 7.5, True)
    },
    "two positions": ("clip:clip", said(max_position_embeddings=2), "at least 3 are needed"),
    "another's tokenizer": (
        "t5:t5",
        lambda folder: tiny_clip_tokenizer(folder, layout="json") and None,
        "holds no whole",
    ),
    "no projection": ("clip:clip + clip:clip", lambda folder: None, "has no projection"),
    "fewer positions": (
        "clip:clip + clip:second",
        said(max_position_embeddings=50),
        "reads 50 tokens and `clip:second` 77",
    ),
    "no such folder": ("clip:nowhere", lambda folder: None, "there is no text encoder"),
}


@pytest.mark.parametrize(("name", "spoil", "what"), FAULTS.values(), ids=FAULTS)
def test_what_is_missing_is_told_before_anything_is_loaded(
    copied: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    spoil: Callable[[Path], None],
    what: str,
) -> None:
    monkeypatch.chdir(copied)
    spoil(copied / name.partition(" ")[0].partition(":")[2])
    with pytest.raises(AlphabarError) as refusal:
        [folder.digest() for folder in folders_of(name)]
    assert what.format(places=copied) in refusal.value.what


@pytest.mark.parametrize(
    ("encoder", "tokenizer", "spoil"),
    [
        ("text_encoder", "tokenizer", removed("vocab.json", "merges.txt")),
        ("text_encoder", "tokenizer", removed("merges.txt")),
        ("text_encoder_3", "tokenizer_3", removed("spiece.model")),
        ("text_encoder_3", "tokenizer_3", written("spiece.model", b"")),
    ],
)
def test_a_pipeline_s_tokenizer_is_refused_like_one_s_own(
    tmp_path: Path, encoder: str, tokenizer: str, spoil: Callable[[Path], None]
) -> None:
    root = write_sd3(tmp_path / "sd3")
    assert len(readers_of(f"pipeline:{root}")) == 3
    spoil(root / tokenizer)
    with pytest.raises(AlphabarError, match=f"`sd3/{encoder}`: .*/{tokenizer} holds no whole"):
        readers_of(f"pipeline:{root}")


def test_a_pipeline_s_tokenizers_do_not_change_places(tmp_path: Path) -> None:
    root = write_sd3(tmp_path / "sd3")
    (root / "tokenizer").rename(root / "clip")
    (root / "tokenizer_3").rename(root / "tokenizer")
    (root / "clip").rename(root / "tokenizer_3")
    for part in folders_of(f"pipeline:{root}")[::2]:
        with pytest.raises(AlphabarError, match=r"holds no whole .*: there is no tokenizer\.json"):
            part.reader()
    tiny_t5_tokenizer(root / "tokenizer", layout="json")
    with pytest.raises(AlphabarError, match="lacks its bos_token"):
        folders_of(f"pipeline:{root}")[0].reader()


@pytest.mark.parametrize(
    ("saved", "files", "variant"),
    [
        ({}, ["model.safetensors"], None),
        ({"variant": "fp16"}, ["model.fp16.safetensors"], "fp16"),
        ({"max_shard_size": "8KB"}, ["model.safetensors.index.json", "model-00001"], None),
        (
            {"max_shard_size": "8KB", "variant": "fp16"},
            ["model.safetensors.index.fp16.json", "model.fp16-00001"],
            "fp16",
        ),
    ],
)
def test_weights_are_found_in_whichever_files_they_lie(
    tmp_path: Path, saved: dict[str, Any], files: list[str], variant: str | None
) -> None:
    weights = find_encoder(f"clip:{tiny_clip(tmp_path / 'x', **saved)}").weights
    assert weights.variant == variant
    assert not weights.pickled
    names = [path.name for path in weights.all]
    assert all(any(name.startswith(each) for name in names) for each in files)
    tensors = weights.names()
    assert tensors is not None
    assert any(each.endswith("embeddings.token_embedding.weight") for each in tensors)


def test_a_tokenizer_may_lie_in_a_folder_of_its_own(copied: Path) -> None:
    folder = copied / "t5"
    (folder / "spiece.model").unlink()
    tiny_t5_tokenizer(folder / "tokenizer")
    assert find_encoder(f"t5:{folder}").tokenizer == folder / "tokenizer"
