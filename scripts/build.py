"""Builds the zip of every Lambda function and of the layer, byte for byte the same from the same sources.

Usage: python -m scripts.build [--target aws|local] [--arch x86_64|arm64]

Writes .build/artifacts/<name>/layer.zip and .build/artifacts/<name>/lambdas/<function>.zip, where <name> is
`aws-x86_64` or `aws-arm64` (python3.13 on Lambda), or `local` (this interpreter, for the embedded AWS).
What did not change since the last build is left alone.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME_PYTHON = (3, 13)
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}  # AWS's name, the wheels' name

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
UNIX = 3
# Written by the installer with machine-dependent content; nothing reads them at run time.
INSTALLER_FILES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


@dataclass(frozen=True)
class Target:
    """Where the zips will run. `python` is (major, minor); `wheels` None means this machine's own wheels."""

    name: str
    python: tuple[int, int]
    wheels: str | None

    @classmethod
    def aws(cls, architecture: str) -> Target:
        return cls(f"aws-{architecture}", RUNTIME_PYTHON, ARCHITECTURES[architecture])

    @classmethod
    def local(cls) -> Target:
        return cls("local", sys.version_info[:2], None)

    @property
    def has_bytecode(self) -> bool:
        """Whether this interpreter can compile for the target: bytecode belongs to one minor version."""
        return sys.version_info[:2] == self.python


def artifacts(target: Target, root: Path = ROOT) -> Path:
    """The folder that `build` fills."""
    return root / ".build" / "artifacts" / target.name


def build(target: Target, root: Path = ROOT) -> list[Path]:
    """All zips of the target, made or left as they are; raises CalledProcessError if pip cannot install."""
    folder = artifacts(target, root)
    sources = {
        path.name: path for path in sorted((root / "lambdas").glob("*/")) if (path / "handler.py").is_file()
    }
    _remove_stale(folder / "lambdas", sources)
    functions = [
        _build_function(path, folder / "lambdas" / f"{name}.zip", target) for name, path in sources.items()
    ]
    return [_build_layer(root, folder / "layer.zip", target), *functions]


def write_zip(path: Path, files: Mapping[str, Path]) -> None:
    """A zip of `files` (name in the zip → content) that depends on names and contents only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = UNIX
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    unfinished.replace(path)


def _build_function(source: Path, path: Path, target: Target) -> Path:
    """The handler stays source: compiling its few lines at start costs less than a millisecond."""
    requirements = source / "requirements.txt"
    files = {name: file for name, file in _files(source).items() if "__pycache__" not in file.parts}
    files.pop("requirements.txt", None)
    key = _fingerprint(target, [*files.values(), *([requirements] if requirements.is_file() else [])])
    if not _is_current(path, key):
        if requirements.is_file():
            files |= _files(_third_party(requirements, target))
        write_zip(path, files)
        _remember(path, key)
    return path


def _build_layer(root: Path, path: Path, target: Target) -> Path:
    requirements = root / "requirements" / "layer.txt"
    package = root / "layers" / "shared" / "python"
    runbooks = _files(root / "knowledge")
    key = _fingerprint(target, [requirements, *_files(package).values(), *runbooks.values()])
    if _is_current(path, key):
        return path
    third_party = _third_party(requirements, target, root)
    with tempfile.TemporaryDirectory(dir=third_party.parent) as scratch:
        own = Path(scratch, "own")
        shutil.copytree(package, own, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        _compile(own, target)
        files = _files(third_party) | _files(own)
        files |= {f"auto_repair/knowledge/{name}": runbook for name, runbook in runbooks.items()}
        write_zip(path, {f"python/{name}": file for name, file in files.items()})
    _remember(path, key)
    return path


def _third_party(requirements: Path, target: Target, root: Path = ROOT) -> Path:
    """A folder with the installed and compiled wheels; kept until the requirements change."""
    folder = root / ".build" / "wheels" / f"{target.name}-{_fingerprint(target, [requirements])[:16]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            unfinished = Path(scratch, "wheels")
            _install(requirements, unfinished, target)
            _compile(unfinished, target)
            unfinished.rename(folder)
    return folder


def _install(requirements: Path, folder: Path, target: Target) -> None:
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-cache-dir"]
    command += [
        "--no-deps",
        "--no-compile",
        "--require-hashes",
        "-r",
        str(requirements),
        "--target",
        str(folder),
    ]
    if target.wheels:
        version = ".".join(map(str, target.python))
        command += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", version]
        for tag in ("manylinux2014", "manylinux_2_17", "manylinux_2_28"):  # the runtime's glibc is 2.34
            command += ["--platform", f"{tag}_{target.wheels}"]
    subprocess.run(command, check=True)


def _compile(folder: Path, target: Target) -> None:
    """Ship bytecode: /opt is read-only, so every cold start would compile again (twice the import time).

    Unchecked, because the dates in the zip are not the sources'. One fresh process: the bytes must not
    depend on what an interpreter has seen before.
    """
    if target.has_bytecode:
        command = [sys.executable, "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        command += ["-s", str(folder), "-p", "/opt/python", str(folder)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "0"})


def _files(folder: Path) -> dict[str, Path]:
    """What belongs into a zip, by its name relative to `folder`."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path for name, path in found.items() if _is_shipped(Path(name))}


def _is_shipped(name: Path) -> bool:
    if name.parts[0] == "bin" or any(part.startswith(".") for part in name.parts):
        return False
    return not (name.parent.suffix == ".dist-info" and name.name in INSTALLER_FILES)


def _fingerprint(target: Target, inputs: Iterable[Path]) -> str:
    """Changes when the zip could: with the inputs, this script, the target or the bytecode it can hold."""
    digest = hashlib.sha256(f"{target} {target.has_bytecode}".encode())
    for path in [Path(__file__), *sorted(inputs)]:
        if "__pycache__" not in path.parts:
            digest.update(f"\0{path.name}\0{path.parent.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _is_current(path: Path, key: str) -> bool:
    remembered = path.with_suffix(".inputs")
    return path.exists() and remembered.exists() and remembered.read_text() == key


def _remember(path: Path, key: str) -> None:
    path.with_suffix(".inputs").write_text(key)


def _remove_stale(folder: Path, names: Iterable[str]) -> None:
    for path in folder.glob("*"):
        if path.stem not in names:
            path.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the zips of every Lambda function and of the layer.")
    parser.add_argument("--target", choices=("aws", "local"), default="aws")
    parser.add_argument("--arch", choices=tuple(ARCHITECTURES), default="x86_64", help="for --target aws")
    arguments = parser.parse_args()
    target = Target.local() if arguments.target == "local" else Target.aws(arguments.arch)
    if not target.has_bytecode:
        print(
            "Built without bytecode, since this is not Python 3.13: functions start about 0.1 s later.",
            file=sys.stderr,
        )
    for path in build(target):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{digest}  {path.stat().st_size / 1e3:8.1f} kB  {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
