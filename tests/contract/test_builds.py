"""What is uploaded to Lambda: complete, small, and the same bytes whoever builds it."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scripts import build
from scripts.build import Target

FUNCTIONS = sorted(path.parent.name for path in (build.ROOT / "lambdas").glob("*/handler.py"))
# What the managed Python runtime brings along.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
LAYER_BUDGET_BYTES = 15_000_000
LAMBDA_LIMIT_UNZIPPED_BYTES = 250 * 1024 * 1024


def checkout(folder: Path) -> Path:
    """A folder with the sources of the builds, and nothing built."""
    for name in ("lambdas", "layers", "knowledge"):
        shutil.copytree(build.ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(build.ROOT / "requirements", folder / "requirements")
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def artifacts(root: Path) -> Path:
    build.build(Target.aws("x86_64"), root)
    return build.artifacts(Target.aws("x86_64"), root)


@pytest.fixture(scope="module")
def local_artifacts() -> Path:
    build.build(Target.local())
    return build.artifacts(Target.local())


@pytest.fixture(scope="module")
def layer(local_artifacts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer's packages, as Lambda unpacks them."""
    folder = tmp_path_factory.mktemp("opt")
    with zipfile.ZipFile(local_artifacts / "layer.zip") as archive:
        archive.extractall(folder)
    return folder / "python"


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runtime's packages and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin)
        source = source.parent if source.name == "__init__.py" else source
        (folder / source.name).symlink_to(source)
    return folder


def digests(folder: Path) -> dict[str, str]:
    zips = sorted(folder.rglob("*.zip"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in zips}


def test_every_function_has_a_zip_with_its_handler_at_the_root(artifacts: Path) -> None:
    assert sorted(path.stem for path in (artifacts / "lambdas").glob("*.zip")) == FUNCTIONS
    for name in FUNCTIONS:
        with zipfile.ZipFile(artifacts / "lambdas" / f"{name}.zip") as archive:
            handler = (build.ROOT / "lambdas" / name / "handler.py").read_bytes()
            assert archive.read("handler.py") == handler


def test_another_checkout_gives_the_same_bytes_and_with_a_module_more_another_layer(
    artifacts: Path, tmp_path: Path
) -> None:
    target, other, before = Target.aws("x86_64"), checkout(tmp_path), digests(artifacts)
    module = other / "layers" / "shared" / "python" / "auto_repair" / "new_module.py"
    module.write_text('"""New."""\n')
    build.build(target, other)
    with_module = digests(build.artifacts(target, other))
    module.unlink()
    build.build(target, other)
    assert {name for name in before if with_module[name] != before[name]} == {"layer.zip"}
    assert digests(build.artifacts(target, other)) == before


def test_zips_say_nothing_about_the_machine(artifacts: Path) -> None:
    for path in artifacts.rglob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        names = [entry.filename for entry in entries]
        assert names == sorted(names), path
        assert {entry.date_time for entry in entries} == {build.EPOCH}, path
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}, path
        assert not {Path(name).name for name in names} & build.INSTALLER_FILES, path


def test_bytecode_that_an_import_left_beside_a_handler_is_not_shipped(tmp_path: Path) -> None:
    source = tmp_path / "planner"
    (source / "__pycache__").mkdir(parents=True)
    (source / "handler.py").write_text('"""Plans."""\n')
    (source / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"what this machine compiled")
    with zipfile.ZipFile(build._build_function(source, tmp_path / "planner.zip", Target.local())) as archive:
        assert archive.namelist() == ["handler.py"]


def test_nothing_is_written_when_nothing_changed(root: Path, artifacts: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in artifacts.rglob("*.zip")}
    build.build(Target.aws("x86_64"), root)
    assert {path: path.stat().st_mtime_ns for path in artifacts.rglob("*.zip")} == before


def test_the_layer_is_within_its_budget_and_leaves_out_what_the_runtime_has(artifacts: Path) -> None:
    layer = artifacts / "layer.zip"
    with zipfile.ZipFile(layer) as archive:
        entries = archive.infolist()
    packages = {Path(entry.filename).parts[1] for entry in entries}
    assert layer.stat().st_size < LAYER_BUDGET_BYTES
    assert sum(entry.file_size for entry in entries) < LAMBDA_LIMIT_UNZIPPED_BYTES
    assert {"auto_repair", "aws_lambda_powertools", "msgspec"} <= packages
    assert not packages & {"boto3", "botocore", "s3transfer"}


def test_the_layer_holds_the_runbooks(artifacts: Path) -> None:
    with zipfile.ZipFile(artifacts / "layer.zip") as archive:
        packed = {Path(name).name for name in archive.namelist() if "/auto_repair/knowledge/" in name}
    assert packed == {path.name for path in (build.ROOT / "knowledge").glob("*.md")}


@pytest.mark.parametrize(("architecture", "machine"), [("x86_64", 62), ("arm64", 183)])
def test_compiled_parts_are_for_the_architecture_of_the_functions(
    root: Path, artifacts: Path, architecture: str, machine: int
) -> None:
    build.build(Target.aws(architecture), root)
    with zipfile.ZipFile(build.artifacts(Target.aws(architecture), root) / "layer.zip") as archive:
        libraries = [name for name in archive.namelist() if name.endswith(".so")]
        machines = {struct.unpack_from("<H", archive.read(name), 18)[0] for name in libraries}
    assert machines == {machine}  # e_machine in the ELF header
    assert all(f"cpython-{''.join(map(str, build.RUNTIME_PYTHON))}" in name for name in libraries)


def test_bytecode_stays_valid_with_the_dates_of_the_zip(local_artifacts: Path) -> None:
    unchecked = 0b01  # PEP 552: based on a hash that is not checked
    with zipfile.ZipFile(local_artifacts / "layer.zip") as archive:
        sources = {name for name in archive.namelist() if name.endswith(".py")}
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        assert len(compiled) == len(sources)
        assert {struct.unpack_from("<I", archive.read(name), 4)[0] for name in compiled} == {unchecked}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_needs_only_its_zip_the_layer_and_the_runtime(
    name: str, local_artifacts: Path, layer: Path, runtime: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(local_artifacts / "lambdas" / f"{name}.zip") as archive:
        archive.extractall(tmp_path)
    program = "import sys; sys.path += sys.argv[1:]; import handler; assert callable(handler.handler)"
    path = [str(tmp_path), str(layer), str(runtime)]
    imported = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, *path],
        env={"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
    )
    assert imported.returncode == 0, imported.stderr
