"""What of a folder is judged, and what of it is not: told to the user and kept with the figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data.faults import SHOWN
from components.data.folder_files import FolderFiles
from components.data.images import is_animated
from components.errors import AlphabarError, first_of, number_of
from components.evaluation.images.image_files import every_fault


@dataclass(frozen=True)
class FolderReading:
    """How a folder of files was taken.

    Attributes:
        images: how many are judged.
        folders: how many folders they lie in, sub-folders among them.
        first_frames: files with several frames or pages, of which the first one is judged.
        not_read: paths inside the folder of everything else.
    """

    images: int
    folders: int
    first_frames: tuple[str, ...]
    not_read: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, images: tuple[Path, ...], others: tuple[str, ...]) -> "FolderReading":
        """Raises AlphabarError, which names every image at fault, where a header cannot be read."""
        try:
            animated = tuple(_inside(folder, path) for path in images if is_animated(path))
        except AlphabarError as error:
            raise every_fault(images, error) from error
        return cls(len(images), len({path.parent for path in images}), animated, others)

    @classmethod
    def of_listed(
        cls, folder: Path, listed: tuple[Path, ...], found: FolderFiles, metadata: str
    ) -> "FolderReading":
        """Where a metadata file says which images are meant."""
        meant = {path.resolve() for path in listed}
        unlisted = tuple(_inside(folder, p) for p in found.images if p.resolve() not in meant)
        others = tuple(name for name in found.others if name != metadata)
        return cls.of(folder, listed, tuple(sorted(unlisted + others)))

    def words(self, name: str) -> list[str]:
        """Sentences about the folder called ``name``."""
        among = f" in {self.folders} folders" if self.folders > 1 else ""
        said = [f"{name}: {number_of(self.images, 'image')}{among}"]
        if self.first_frames:
            files = number_of(len(self.first_frames), "file")
            said.append(
                f"{name}: {files} with several frames, of which the first is judged "
                f"({first_of(sorted(self.first_frames))})"
            )
        if self.not_read:
            said.append(
                f"{name}: {len(self.not_read)} not read ({first_of(sorted(self.not_read))})"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """Counts, and the first names of each kind."""
        return {
            "images": self.images,
            "folders": self.folders,
            "first_frames": _listed(self.first_frames),
            "not_read": _listed(self.not_read),
        }


def _listed(names: tuple[str, ...]) -> dict[str, Any]:
    return {"count": len(names), "names": sorted(names)[:SHOWN]}


def _inside(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
