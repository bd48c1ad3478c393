from typing import get_args

from components.data.sources import SOURCES, digits, openmoji, packaged_files
from components.spec.sections.data import SOURCE_STYLES, DataSpec


def test_the_registry_has_the_names_that_the_spec_knows() -> None:
    assert set(SOURCES) == set(get_args(DataSpec.model_fields["source"].annotation))
    assert set(SOURCES) == set(SOURCE_STYLES)


def test_packaged_files_lie_below_their_source() -> None:
    names = [name for name, _ in packaged_files()]
    assert len(names) == len(set(names))
    assert {name.split("/")[0] for name in names} == {"digits", "openmoji"}


def test_the_first_style_is_listed_first_because_it_decides_the_split() -> None:
    for name, source in (("digits", digits), ("openmoji", openmoji)):
        table = dict(source.files())["metadata.csv"].decode().splitlines()
        assert table[1].startswith(f"{SOURCE_STYLES[name][0]}/")
