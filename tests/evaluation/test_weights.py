from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from components.errors import AlphabarError
from components.evaluation.extractors import weights
from components.evaluation.extractors.weights import download, loading
from components.evaluation.weights_files import find_file

CONTENT = b"w" * 100_000


class Handler(BaseHTTPRequestHandler):
    """Sends the whole file, or as much of it as the path asks for."""

    def do_GET(self) -> None:
        self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:1000] if "cut" in self.path else CONTENT)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "is_offline_mode", lambda: False)


@pytest.mark.usefixtures("online")
def test_a_download_is_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    with serving() as url:
        path = download(f"{url}/a/file.pt", tmp_path / "new")
    assert path == tmp_path / "new" / "file.pt"
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("name", ["cut.pt", "gone.pt"])
def test_a_download_that_breaks_off_leaves_no_file(tmp_path: Path, name: str) -> None:
    with serving() as url, pytest.raises(OSError, match="1000 of 100000|404"):
        download(f"{url}/{name}", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("online")
def test_nobody_answering_is_an_os_error(tmp_path: Path) -> None:
    with serving() as url:
        pass
    with pytest.raises(OSError, match="refused"):
        download(f"{url}/file.pt", tmp_path)


def test_offline_nothing_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="HF_HUB_OFFLINE"):
        download("http://127.0.0.1:9/file.pt", tmp_path)


def test_an_earlier_folder_wins_over_an_earlier_name(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for path in (first / "b", second / "a"):
        path.parent.mkdir()
        path.touch()
    assert find_file(("a", "b"), (first, second)) == first / "b"
    assert find_file(("a", "b"), (tmp_path / "0", second)) == second / "a"
    assert find_file(("1", "c"), (tmp_path, first)) is None  # a folder is no file


def test_whatever_a_reader_raises_names_the_file() -> None:
    said = "`mine` cannot load its weights w.pt [(]EOFError[)]"
    with pytest.raises(AlphabarError, match=said), loading("mine", Path("w.pt")):
        raise EOFError
    with pytest.raises(MemoryError), loading("mine", Path("w.pt")):
        raise MemoryError
