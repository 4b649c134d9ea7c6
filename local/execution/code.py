"""Unpacked deployment packages, and the libraries that AWS's runtime brings along."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path

# What AWS's Python runtime contains beside the standard library. Nothing else of our own environment is
# visible to a function, so that a dependency missing in its package is missing here as well.
RUNTIME_LIBRARIES = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")


class CodeStore:
    """Packages by content: environments of the same code share one folder and its compiled modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def unpack(self, archive: bytes) -> Path:
        """The folder with the content of a zip file."""
        target = self._folder / hashlib.sha256(archive).hexdigest()
        with self._lock:
            if not target.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                unfinished = Path(tempfile.mkdtemp(dir=self._folder))
                zipfile.ZipFile(io.BytesIO(archive)).extractall(unfinished)
                unfinished.rename(target)
        return target

    def layer_path(self, layer: Path) -> list[str]:
        """Where a layer's modules are found."""
        python = layer / "python"
        return [*map(str, sorted(python.glob("lib/python*/site-packages"))), str(python)]

    def runtime_folder(self) -> Path:
        """A folder with links to the libraries of the runtime."""
        folder = self._folder / "runtime"
        with self._lock:
            if not folder.exists():
                folder.mkdir(parents=True)
                for name in RUNTIME_LIBRARIES:
                    _link(name, folder)
        return folder

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _link(name: str, folder: Path) -> None:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        return
    origin = Path(found.origin)
    source = origin.parent if origin.name == "__init__.py" else origin
    (folder / source.name).symlink_to(source)
