from components.data.sources import SOURCES, digits, openmoji, packaged_files
from components.spec.catalogue import SOURCES as CATALOGUE


def test_the_registry_has_the_names_that_the_spec_knows() -> None:
    assert set(SOURCES) == set(CATALOGUE)
    assert {name for name, source in SOURCES.items() if source is None} == {
        name for name, entry in CATALOGUE.items() if entry.named
    }


def test_packaged_files_lie_below_their_source() -> None:
    names = [name for name, _ in packaged_files()]
    assert len(names) == len(set(names))
    assert {name.split("/")[0] for name in names} == {"digits", "openmoji"}


def test_the_first_style_is_listed_first_because_it_decides_the_split() -> None:
    for name, source in (("digits", digits), ("openmoji", openmoji)):
        table = dict(source.files())["metadata.csv"].decode().splitlines()
        assert table[1].startswith(f"{CATALOGUE[name].styles[0]}/")
