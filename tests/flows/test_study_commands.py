"""`alphabar study import` and `analyze` as they are typed: what they say, write and refuse."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from components.files.tables import read_csv
from components.preference.analysis.opened import Study
from flows.cli import main
from tests.preference.studies import answered, build, for_model, leaning

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Types a command in an empty folder; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["alphabar", "study", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(ended.value.code or 0), " ".join(said.out.split()), said.err

    return run


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return build(tmp_path / "reports" / "studies" / "foxes", simulated=True)


def analysed(study: Study) -> Path:
    return study.folder / "analysis"


def test_answers_come_in_by_name_and_the_page_goes_out(
    study: Study, tmp_path: Path, command: Command
) -> None:
    files = answered(study, tmp_path / "files", leaning("new", 4))
    code, out, _ = command("import", "foxes", *files)
    assert code == 0
    assert "answers of 4 annotators kept" in out
    assert "4 new files, 0 said twice, 0 refused" in out
    assert "simulated annotators" in out
    again = command("import", "foxes", *files)
    assert (again[0], "0 new files" in again[1]) == (0, True)
    code, out, _ = command("analyze", "foxes", "--draws", 100)
    assert code == 0
    assert "“quality”: new" in out
    assert "Simulated: no person answered" in out
    page = (analysed(study) / "index.html").read_text()
    assert "Who was preferred" in page
    assert "data:image/png;base64" in page
    assert (analysed(study) / "decided" / "images.npy").is_file()


def test_a_folder_s_path_names_a_study_too_and_json_has_all_of_it(
    study: Study, tmp_path: Path, command: Command
) -> None:
    files = answered(study, tmp_path / "files", leaning("new", 4))
    code, out, _ = command("import", study.folder, *files, "--json")
    told = json.loads(out)
    assert (code, told["refused"], told["exclusions"]) == (0, [], [])
    code, out, _ = command("analyze", study.folder, "--draws", 100, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["simulated"] is True
    assert found["progress"]["finished"] is True
    written = json.loads((analysed(study) / "figures.json").read_text())
    assert found["findings"] == written["findings"]


def test_refused_rows_are_listed_and_all_of_them_kept_beside(
    study: Study, tmp_path: Path, command: Command
) -> None:
    (path,) = answered(study, tmp_path / "files", for_model("new"), (0,))
    lines = path.read_text().splitlines()
    wrong = [lines[1].replace(lines[1].split(",")[1], f"item{k}") for k in range(30)]
    path.write_text("\n".join([*lines, *wrong]) + "\n")
    code, out, _ = command("import", "foxes", path)
    assert code == 0
    assert "refused (the first 20 of 30)" in out
    assert "10 more refused rows are in" in out
    rows = read_csv(study.folder / "answers" / "refused.csv")
    assert len(rows) == 30
    assert rows[0]["place"] == f"line {len(lines) + 1}"
    _, out, _ = command("import", "foxes", path, "--json")
    assert len(json.loads(out)["refused"]) == 30


def test_where_nothing_is_taken_the_exit_code_says_so(
    study: Study, tmp_path: Path, command: Command
) -> None:
    junk = tmp_path / "junk.csv"
    junk.write_text("a,b\n1,2\n")
    code, out, _ = command("import", "foxes", junk)
    assert code == 2
    assert "no known table of answers" in out
    assert command("import", "foxes", tmp_path / "missing.csv")[0] == 2
    code, _, err = command("import", "foxes")
    assert (code, "no file was given" in err, "study serve foxes" in err) == (2, True, True)
    assert command("import", "foxes", "--json")[0] == 2
    code, _, err = command("analyze", "foxes")
    assert code == 2
    assert "has no answers" in err
    assert not analysed(study).exists()


def test_only_what_is_refused_of_the_files_given_now_is_shown(
    study: Study, tmp_path: Path, command: Command
) -> None:
    first, second = answered(study, tmp_path / "files", for_model("new"), (0, 1))
    lines = first.read_text().splitlines()
    first.write_text("\n".join([*lines, "x,nobody,quality,left,ann,1,1,"]) + "\n")
    _, out, _ = command("import", "foxes", first)
    assert "refused (1)" in out
    _, out, _ = command("import", "foxes", second)
    assert "refused (" not in out
    assert "1 refused of earlier files are in" in out
    told = json.loads(command("import", "foxes", "--json")[1])
    assert (len(told["refused"]), told["refused_earlier"]) == (1, 0)
    other = tmp_path / "other.csv"
    header, *rows = [line.rpartition(",")[0] for line in second.read_text().splitlines()]
    other.write_text("\n".join([header, *(f"ffff{row[8:]}" for row in rows)]) + "\n")
    code, out, _ = command("import", "foxes", other, "--json")
    (refused,) = json.loads(out)["refused"]
    assert (code, refused["place"]) == (2, "file")
    assert refused["reason"].startswith(f"all {len(rows)} answers: it answers another study")


def test_two_people_who_opened_one_page_are_named(
    study: Study, tmp_path: Path, command: Command
) -> None:
    files = answered(study, tmp_path / "files", for_model("new"), (0,), ("anna",))
    files += answered(study, tmp_path / "more", for_model("new"), (0,), ("ben",))
    _, out, _ = command("import", "foxes", *files)
    assert "slot 1 was answered by anna and ben: each of its pairs counts twice" in out


def test_exclusions_are_recorded_shown_and_taken_back(
    study: Study, tmp_path: Path, command: Command
) -> None:
    files = answered(study, tmp_path / "files", leaning("new", 4))
    assert command("import", "foxes", *files)[0] == 0
    code, _, err = command("import", "foxes", "--exclude", "annotator:person-0")
    assert (code, "give --why" in err) == (2, True)
    code, _, err = command("import", "foxes", "--exclude", "annotator:nobody", "--why", "x")
    assert (code, "no annotator 'nobody'" in err) == (2, True)
    code, _, err = command("import", "foxes", "--exclude", "person-0", "--why", "x")
    assert (code, "annotator:NAME" in err) == (2, True)
    assert not (study.folder / "exclusions.json").exists()
    code, out, _ = command("import", "foxes", "--exclude", "annotator:person-0", "--why", "asleep")
    assert code == 0
    assert "asleep" in out
    _, out, _ = command("analyze", "foxes", "--draws", 100)
    assert "excluded: annotator person-0, asleep" in out
    code, out, _ = command("import", "foxes", "--take-back", "annotator:person-0")
    assert code == 0
    assert "taken back" in out
    code, _, err = command("import", "foxes", "--take-back", "annotator:person-0")
    assert (code, "is not excluded" in err) == (2, True)


def test_whom_the_rule_flags_can_be_excluded_by_it(tmp_path: Path, command: Command) -> None:
    study = build(tmp_path / "reports" / "studies" / "foxes", pairs=40, people=6, raters=3)

    def says(item: object, question: str, slot: int) -> str:
        if slot:
            return leaning("new", 9)(item, question, slot)  # type: ignore[arg-type]
        return "right" if crc32(f"{item}{question}".encode()) % 2 else "left"

    files = answered(study, tmp_path / "files", says)
    code, out, _ = command("import", "foxes", *files, "--exclude-careless", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["careless"] == ["person-0"]
    (excluded,) = told["exclusions"]
    assert (excluded["name"], excluded["rule"]) == ("person-0", "careless")
    assert "attention checks failed" in excluded["why"]
    assert told["counted"] < told["kept"]
    _, out, _ = command("analyze", "foxes", "--draws", 100)
    assert "excluded: annotator person-0" in out


def test_another_table_comes_in_by_its_columns(
    study: Study, tmp_path: Path, command: Command
) -> None:
    item = next(name for name, each in study.key.items.items() if each.kind == "shown")
    table = tmp_path / "other.csv"
    table.write_text(f"image,said,worker,asked\n{item},left,ann,quality\n")
    words = ["item=image", "answer=said", "annotator=worker", "question=asked"]
    columns = [word for each in words for word in ("--columns", each)]
    code, out, _ = command("import", "foxes", table, *columns)
    assert code == 0
    assert "1 answer of 1 annotator kept" in out
    code, _, err = command("import", "foxes", table, "--columns", "item")
    assert (code, "maps no field" in err) == (2, True)


def test_before_its_end_a_study_tells_nobody_who_leads_unless_asked(
    study: Study, tmp_path: Path, command: Command
) -> None:
    files = answered(study, tmp_path / "files", leaning("new", 4), (0, 1))
    assert command("import", "foxes", *files)[0] == 0
    code, out, _ = command("analyze", "foxes", "--draws", 100)
    assert code == 0
    assert "planned ones of each question are missing" in out
    assert "win rate" not in out
    page = (analysed(study) / "index.html").read_text()
    assert "Who was preferred" not in page
    _, out, _ = command("analyze", "foxes", "--draws", 100, "--peek")
    assert "win rate, always valid" in out
    assert "its planned answers are not all there" in out
    assert len(json.loads((study.folder / "peeks.json").read_text())) == 1
    command("analyze", "foxes", "--draws", 100)
    assert len(json.loads((study.folder / "peeks.json").read_text())) == 1
    assert "once (" in (analysed(study) / "report.md").read_text()


def test_a_study_that_is_not_there_is_named_with_those_that_are(
    study: Study, command: Command
) -> None:
    code, _, err = command("analyze", "cats")
    assert code == 2
    assert "there is no study cats" in err
    assert "foxes" in err
    code, _, err = command("analyze", "foxes", "--question", "taste")
    assert (code, "does not ask `taste`" in err) == (2, True)
