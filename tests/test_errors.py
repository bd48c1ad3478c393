"""What a message quotes: short, and harmless to a terminal."""

from components.errors import AlphabarError, first_of, number_of, quoted, shortened


def test_a_long_value_is_shortened_and_its_length_said() -> None:
    assert shortened("x" * 61) == "x" * 60 + "… (61 characters)"
    assert shortened("x" * 60) == "x" * 60
    assert quoted("y" * 200_000) == repr("y" * 60) + "… (200000 characters)"
    assert quoted([1, 2]) == "[1, 2]"


def test_a_value_that_python_will_not_print_is_still_named() -> None:
    assert shortened(10**5000) == "a int too long to be shown"
    assert quoted(10**5000) == "a int too long to be shown"


def test_of_many_names_the_first_are_listed() -> None:
    names = [str(k) for k in range(12)]
    assert first_of(names, most=10) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 2 more"
    assert first_of(names[:3]) == "0, 1, 2"


def test_no_message_is_endless_or_acts_on_the_terminal() -> None:
    said = str(AlphabarError("a\x1b[2J\r\u202eb" + "x" * 200_000, "y" * 200_000))
    assert len(said) < 9000
    assert "a\\x1b[2J\\r\\u202eb" in said
    assert "\x1b" not in said


def test_one_of_a_kind_is_named_in_the_singular() -> None:
    assert [number_of(n, "file") for n in (0, 1, 2, 1000)] == [
        "0 files",
        "1 file",
        "2 files",
        "1,000 files",
    ]
