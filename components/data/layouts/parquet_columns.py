"""Which columns of a parquet file hold its images and what is read of them."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from components.data.columns import FILE_NAME, bare
from components.data.layouts.shards import Shard
from components.errors import AlphabarError, first_of
from components.files.json_file import parse_json

if TYPE_CHECKING:
    import pyarrow as pa

_IMAGE = ("image", "img", "jpg", "png", "jpeg", "webp", "picture", "photo", "file_name", "path")
"""What a column of images may be called; the first that is there is meant."""
CAPTION, TEXT = "caption", "text"
"""Where there is no column of the one name the other is read, which many datasets use."""


@dataclass(frozen=True)
class ShardColumns:
    """Of one shard.

    Attributes:
        image: the column of images: {bytes, path}, bytes or paths.
        split: the column of splits, empty where there is none.
        names: column of a ClassLabel → its classes' names.
        called: column that is read besides ``image`` → what it is called in the table.
        others: columns that are not read.
    """

    image: str
    split: str
    names: dict[str, list[str]]
    called: dict[str, str]
    others: tuple[str, ...]


def columns_of(schema: "pa.Schema", wanted: frozenset[str], shard: Shard) -> ShardColumns:
    """The columns of a shard with ``schema``.

    Args:
        wanted: those that are read besides the images, in any case.

    Raises:
        AlphabarError: none of them holds images, or two have one name.
    """
    there = {bare(name): name for name in schema.names}
    if len(there) < len(schema.names):
        several = Counter(map(bare, schema.names))
        alike = [f"`{name}`" for name in schema.names if several[bare(name)] > 1]
        raise AlphabarError(
            f"{shard.path} has several columns of one name in any case: {first_of(alike)}",
            "rename or remove all but one",
        )
    named = [there[name] for name in _IMAGE if name in there]
    structs = [field.name for field in schema if _is_image(field.type)]
    image = next((name for name in named if _may_be_image(schema.field(name).type)), None)
    image = image or (structs[0] if structs else None)
    if image is None:
        raise AlphabarError(
            f"{shard.path} has no column of images; it has {first_of(schema.names)}",
            f"call it `{_IMAGE[0]}`: bytes, paths, or both as Hugging Face writes them",
        )
    read = {*map(bare, wanted)} - {bare(image), FILE_NAME}
    called = {name: name for bared, name in there.items() if bared in read}
    if CAPTION in wanted and CAPTION not in there and (text := there.get(TEXT)):
        called[text] = CAPTION
    others = tuple(name for name in schema.names if name not in (image, *called))
    split = there.get("split", "")
    return ShardColumns(image, split, _class_names(schema), called, others)


def _is_image(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return pa.types.is_struct(kind) and {f.name for f in kind} == {"bytes", "path"}


def _may_be_image(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string)
    return _is_image(kind) or any(test(kind) for test in (*tests, pa.types.is_large_string))


def _class_names(schema: "pa.Schema") -> dict[str, list[str]]:
    """Column → names of its classes, as Hugging Face keeps them in the schema's metadata."""
    try:
        told = parse_json((schema.metadata or {}).get(b"huggingface", b"{}").decode())
        features = told["info"]["features"]
        found = {
            name: feature["names"]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {
        name: [str(each) for each in names]
        for name, names in found.items()
        if isinstance(names, list)
    }
