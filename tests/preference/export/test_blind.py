"""Nothing that annotators receive says who made an image: in no encoding, chunk, name or size.

The study of these tests is the worst one: one model's images are flat and compress to nothing.
"""

import base64
import json
import struct
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from components.files.new_folder import seal_folder
from components.preference.about import KEY
from components.preference.design.key import Key, read_key
from components.preference.export.png import PAD
from tests.preference.conftest import write_rows
from tests.preference.export.studies import made, table

OWNER_S = {"key.json", "study.json"}
SIDE = 24
MODELS = {"qz-baseline": 3, "qz-candidate": 1, "qz-finetuned": 3}
"""Name → channels of its images; the candidate's are flat and grey, and the others' are noise."""

SEED = 7_700_345_000
MODEL_KEYS = {name: f"{k}d" * 32 for k, name in enumerate(MODELS, start=4)}
SAMPLE_KEYS = {name: f"{k}e" * 32 for k, name in enumerate(MODELS, start=4)}
SOLVER = "qz-solver"


def sample(folder: Path, name: str) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(3)
    shape = (40, SIDE, SIDE, MODELS[name])
    flat = MODELS[name] == 1
    images = np.full(shape, 128, np.uint8) if flat else rng.integers(0, 256, shape, np.uint8)
    np.save(folder / "images.npy", images)
    write_rows(folder, [(i, SEED + i, i % 4, f"thing {i % 4}", "") for i in range(40)])
    manifest = {"inputs": {"model": MODEL_KEYS[name]}, "spec": {"sampling": {"solver": SOLVER}}}
    seal_folder(folder, {"stage": "sample", "key": SAMPLE_KEYS[name], **manifest})
    return folder


@pytest.fixture(scope="module", params=["pairwise", "realism"])
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("blind")
    models = {name: sample(root / f"qz-folder-{name}", name) for name in MODELS}
    real = sample(root / "qz-folder-real", "qz-finetuned")
    return made(models | {"real": real}, root / "out", kind=request.param, pairs=30)


@pytest.fixture
def key(out: Path) -> Key:
    return read_key(out / KEY)


def received(out: Path) -> dict[str, bytes]:
    """Every file that an annotator gets, or gets a part of."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name not in OWNER_S
    }


def told(out: Path, key: Key) -> set[str]:
    """All that says who made what, in words."""
    words = {*MODELS, "baseline", "candidate", "finetuned", "qz-", SOLVER, str(out.parent)}
    words |= {*MODEL_KEYS.values(), *SAMPLE_KEYS.values(), str(SEED)[:-3]}
    words |= {digest for about in key.pairs.values() for digest in about.digests.values()}
    words |= {each[:12] for each in (*MODEL_KEYS.values(), *SAMPLE_KEYS.values())}
    return words


def encodings(word: str) -> Iterator[bytes]:
    """A word as it stands in files of many kinds."""
    plain = word.encode()
    for text in {word, word.upper(), word.title()}:
        yield text.encode()
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield quote(word, safe="").encode()
    yield "".join(f"%{byte:02x}" for byte in plain).encode()
    yield "".join(f"\\u{ord(letter):04x}" for letter in word).encode()
    yield "".join(f"&#{ord(letter)};" for letter in word).encode()
    yield json.dumps(word)[1:-1].encode()
    yield plain[::-1]
    for form in (plain, word.encode("utf-16-le")):
        for before in range(3):
            # whole groups of three bytes alone are the same whatever stands around the word
            coded = base64.b64encode(bytes(before) + form)
            first, last = -(-before * 8 // 6), (before + len(form)) * 8 // 6
            yield coded[first:last]
            yield coded[first:last].replace(b"+", b"-").replace(b"/", b"_")


def test_no_word_of_the_key_is_in_what_annotators_get(out: Path, key: Key) -> None:
    files = received(out)
    assert {Path(name).suffix for name in files} == {".html", ".csv", ".json", ".xml", ".png"}
    for word in told(out, key):
        for coded in encodings(word):
            if len(coded) < 5:
                continue
            found = [name for name, content in files.items() if coded in content]
            found += [name for name in files if coded.decode("latin-1") in name]
            assert not found, (word, coded, found[:3])


def test_what_is_looked_for_would_be_found(out: Path, key: Key) -> None:
    names = (out / KEY).read_bytes()
    for word in (*MODELS, *MODEL_KEYS.values(), SOLVER, str(SEED)[:-3]):
        assert any(coded in names for coded in encodings(word))
    hidden = b"xx" + base64.b64encode(b"y" * 7 + b"qz-baseline" + b"z" * 5)
    assert any(coded in hidden for coded in encodings("qz-baseline"))


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    assert at == len(png)
    return found


def test_files_of_images_differ_in_their_pixels_alone(out: Path) -> None:
    heads = set()
    for path in sorted((out / "images").iterdir()):
        found = chunks(path.read_bytes())
        assert [kind for kind, _ in found] == [b"IHDR", b"IDAT", PAD, b"IEND"]
        assert not any(found[2][1]), "the padding says something"
        heads.add(found[0][1])
        with Image.open(path) as image:
            image.load()
            assert (image.info, len(image.getexif())) == ({}, 0)
    assert len(heads) == 1, "size, depth or colour type tell files apart"


def test_names_times_and_modes_say_nothing(out: Path, key: Key) -> None:
    paths = list((out / "images").iterdir())
    assert all(len(path.stem) == 32 and int(path.stem, 16) for path in paths)
    assert len({(p.stat().st_mtime, p.stat().st_mode) for p in paths}) == 1
    # sorted by name, files of one model stand among the others' as often as they would by chance
    first = defaultdict(int)
    for about in key.pairs.values():
        first[min(about.files, key=lambda model: about.files[model])] += 1
    if key.kind == "pairwise":
        assert len(first) == 3
        assert max(first.values()) < 20


def test_images_shown_side_by_side_are_equally_long(out: Path, key: Key) -> None:
    size = {path.name: path.stat().st_size for path in (out / "images").iterdir()}
    for task in table(out / "tasks.csv"):
        both = {size[Path(task[side]).name] for side in ("left", "right") if task[side]}
        assert len(both) == 1
    if key.kind == "realism":
        assert len(set(size.values())) == 1


def test_sides_and_orders_do_not_follow_the_model(out: Path, key: Key) -> None:
    left = defaultdict(int)
    for item in key.items.values():
        if item.kind != "check":
            left[item.left] += 1
    if key.kind == "pairwise":
        assert max(left.values()) - min(left.values()) <= 12
    # what stands in a table or a page stands in the order of showing, which is the annotator's own
    tasks = table(out / "tasks.csv")
    assert len({tuple(t["left"] for t in tasks if t["slot"] == slot) for slot in "123"}) == 3
    listed = json.loads((out / "label_studio.json").read_text())
    batch = table(out / "mturk.csv")
    order = [task["item"] for task in tasks]
    assert [each["data"]["item"] for each in listed] == order == [row["item"] for row in batch]
