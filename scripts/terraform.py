"""Runs Terraform for an environment, with its providers, backend, zips and variables prepared.

Usage: python -m scripts.terraform plan|apply|destroy ENV [--extra-vars FILE] [--var NAME=VALUE]...
                                   [--backend FILE] [--arch x86_64|arm64] [--state FOLDER]
       python -m scripts.terraform validate    every environment
       python -m scripts.terraform test        every module that has tests

`apply` of an AWS environment applies what `plan` saved, and nothing else. `local` is applied directly, to the
embedded AWS of this checkout, which is started if it does not run; with --state, to the embedded AWS that the
AWS_* variables point to, with the Terraform state in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts import build, extra_vars, provider_mirror

ROOT = build.ROOT
ENVIRONMENTS = ROOT / "terraform" / "environments"
WORK = ROOT / ".build" / "terraform"
LOCAL = "local"
# The provider would try 25 times. What the embedded AWS answers with an error, it will answer so again.
LOCAL_ATTEMPTS = "4"


class TerraformError(RuntimeError):
    """Stops the command; the message says what to do. `status` is the exit status to end with."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What the caller asked for. Paths are relative to the folder the command was called in."""

    environment: str
    extra_vars: Path | None = None
    variables: tuple[str, ...] = ()
    backend: Path | None = None
    architecture: str = "x86_64"
    state: Path | None = None

    @property
    def is_local(self) -> bool:
        return self.environment == LOCAL

    @property
    def folder(self) -> Path:
        """The root module; TerraformError if there is none of that name."""
        known = environments()
        if self.environment not in known:
            raise TerraformError(
                f"There is no environment '{self.environment}'. ENV is one of: {', '.join(known)}.", 2
            )
        return ENVIRONMENTS / self.environment

    @property
    def target(self) -> build.Target:
        return build.Target.local() if self.is_local else build.Target.aws(self.architecture)

    @property
    def saved(self) -> Path:
        """The folder of the saved plan: the plan and the zips it was made for."""
        return ROOT / ".build" / "plans" / self.environment


def environments() -> list[str]:
    """The names of the root modules."""
    return sorted({path.parent.name for path in ENVIRONMENTS.glob("*/*.tf")})


def plan(request: Request) -> None:
    """Show what would change; save it for `apply` unless it is local or without a backend."""
    folder = request.folder
    if request.is_local:
        variables, state = _embedded_aws(request)
        _initialise(folder, variables, _state_option(folder, state))
        _terraform(folder, ["plan", *_variables(request, build_artifacts(request))], variables)
        return
    artifacts = build_artifacts(request)
    variables = _environment(os.environ)
    backend = _backend_options(request)
    if backend is None:
        _preview(request, artifacts, variables)
        return
    shutil.rmtree(request.saved, ignore_errors=True)
    # The plan names these zips: a build between plan and apply must not change them.
    shutil.copytree(artifacts, request.saved / "artifacts")
    _initialise(folder, variables, backend)
    arguments = [*_variables(request, request.saved / "artifacts"), f"-out={request.saved / 'plan.tfplan'}"]
    _terraform(folder, ["plan", *arguments], variables)
    print(f"Saved. `make apply ENV={request.environment}` applies exactly this plan.")


def apply(request: Request) -> None:
    """Apply the saved plan; local: build, start the embedded AWS if it does not run, apply."""
    folder = request.folder
    if request.is_local:
        artifacts = build_artifacts(request)
        variables, state = _embedded_aws(request)
        _initialise(folder, variables, _state_option(folder, state))
        _terraform(folder, ["apply", "-auto-approve", *_variables(request, artifacts)], variables)
        return
    saved = request.saved / "plan.tfplan"
    if not saved.is_file():
        raise TerraformError(
            f"There is no saved plan. Make and read one first: make plan ENV={request.environment}"
        )
    if request.extra_vars or request.variables:
        raise TerraformError("A saved plan already has its variables: give EXTRA_VARS to `make plan`.")
    variables = _environment(os.environ)
    _initialise(folder, variables, _required_backend(request))
    _terraform(folder, ["apply", "-input=false", str(saved)], variables)
    shutil.rmtree(request.saved)


def destroy(request: Request) -> None:
    """Remove everything; an AWS environment after Terraform's own question."""
    folder = request.folder
    artifacts = build_artifacts(request)
    if request.is_local:
        variables, state = _embedded_aws(request)
        _initialise(folder, variables, _state_option(folder, state))
        _terraform(folder, ["destroy", "-auto-approve", *_variables(request, artifacts)], variables)
        return
    variables = _environment(os.environ)
    _initialise(folder, variables, _required_backend(request))
    _terraform(folder, ["destroy", *_variables(request, artifacts)], variables)


def validate() -> None:
    """Every environment, and with it every module in use."""
    variables = _environment(os.environ)
    for name in environments():
        _initialise(ENVIRONMENTS / name, variables, ["-backend=false"])
        print(f"{name}: ", end="", flush=True)
        _terraform(ENVIRONMENTS / name, ["validate"], variables)


def test() -> None:
    """`terraform test` in every module that has tests, with the provider version the environments lock."""
    variables = _environment(os.environ)
    modules = sorted({path.parent.parent for path in (ROOT / "terraform").glob("**/tests/*.tftest.hcl")})
    for module in modules:
        print(f"{module.relative_to(ROOT)}", flush=True)
        if not (module / ".terraform.lock.hcl").exists():
            shutil.copy(provider_mirror.lock_files(ROOT)[0], module)
        _initialise(module, variables, ["-backend=false"])
        _terraform(module, ["test"], variables)
    print(f"{len(modules)} modules tested.")


def build_artifacts(request: Request) -> Path:
    """The folder with the environment's zips, built if anything changed."""
    build.build(request.target)
    return build.artifacts(request.target)


def _environment(base: Mapping[str, str]) -> dict[str, str]:
    return provider_mirror.terraform_environment(base, ROOT)


def _variables(request: Request, artifacts: Path) -> list[str]:
    # Relative, because Terraform remembers the paths of zips: they must be the same on every machine.
    options = [f"-var=artifacts_dir={os.path.relpath(artifacts, request.folder)}"]
    if (request.folder / f"{request.environment}.tfvars").is_file():
        options.append(f"-var-file={request.environment}.tfvars")
    if request.extra_vars:
        path = WORK / f"{request.environment}-extra-vars.tfvars.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(extra_vars.terraform_variables(request.extra_vars)))
        options.append(f"-var-file={path}")
    return [*options, *(f"-var={variable}" for variable in request.variables)]


def _backend_options(request: Request) -> list[str] | None:
    """How `init` finds the state; None when the S3 backend was not told its bucket."""
    usual = ROOT / "terraform" / "backend" / f"{request.environment}.s3.tfbackend"
    chosen = request.backend or (usual if usual.is_file() else None)
    if _backend(request.folder) != "s3":
        return []
    if chosen is None:
        return None
    if not chosen.is_file():
        raise TerraformError(f"BACKEND={chosen} does not exist.")
    return ["-reconfigure", f"-backend-config={chosen.resolve()}"]


def _required_backend(request: Request) -> list[str]:
    options = _backend_options(request)
    if options is None:
        raise TerraformError(_how_to_name_a_backend(request))
    return options


def _how_to_name_a_backend(request: Request) -> str:
    return (
        f"ENV={request.environment} keeps its state in S3. Say where, in terraform/backend/"
        f"{request.environment}.s3.tfbackend or any file given as BACKEND=file:\n"
        '  bucket = "my-terraform-state"\n'
        f'  key    = "lambda-auto-repair/{request.environment}.tfstate"\n'
        '  region = "us-east-1"'
    )


def _backend(folder: Path) -> str | None:
    """The type of the backend block in a root module."""
    for path in sorted(folder.glob("*.tf")):
        found = re.search(r'^\s*backend\s+"(\w+)"', path.read_text(), re.MULTILINE)
        if found:
            return found[1]
    return None


def _preview(request: Request, artifacts: Path, variables: Mapping[str, str]) -> None:
    """Plan against an empty state, in a copy whose backend is replaced; for a first look without a bucket."""
    copy = WORK / "preview"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "terraform", copy / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    for entry in ROOT.iterdir():
        if entry.name not in {"terraform", ".git"}:
            (copy / entry.name).symlink_to(entry)
    folder = copy / "terraform" / "environments" / request.environment
    (folder / "preview_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    _initialise(folder, variables, ["-reconfigure"])
    _terraform(folder, ["plan", *_variables(request, artifacts)], variables)
    print(f"\nA preview from an empty state, not saved. {_how_to_name_a_backend(request)}")


def _embedded_aws(request: Request) -> tuple[dict[str, str], Path]:
    """The variables that reach the embedded AWS, and the folder of its Terraform state."""
    base = {**os.environ, "AWS_MAX_ATTEMPTS": LOCAL_ATTEMPTS}
    if request.state:
        if not base.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1:"):
            raise TerraformError("--state needs AWS_ENDPOINT_URL to point to an embedded AWS on 127.0.0.1.")
        return _environment(base), request.state.resolve()
    subprocess.run([sys.executable, "-m", "local", "start"], cwd=ROOT, check=True)
    lines = subprocess.run(
        [sys.executable, "-m", "local", "env"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return _environment(apply_shell_lines(lines, base)), _state_of_running_instance()


def apply_shell_lines(lines: str, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` after `export NAME=value` and `unset NAME...` lines."""
    changed = dict(environment)
    for line in lines.splitlines():
        command, *words = shlex.split(line)
        for word in words:
            name, _, value = word.partition("=")
            if command == "unset":
                changed.pop(name, None)
            else:
                changed[name] = value
    return changed


def _state_of_running_instance() -> Path:
    """A folder named after the instance: when that is gone, what it held is gone, and the state with it."""
    folder = ROOT / ".build" / LOCAL
    instance = Path(json.loads((folder / "state.json").read_text())["folder"]).name
    for other in (folder / "terraform").glob("*"):
        if other.name != instance:
            shutil.rmtree(other)
    return folder / "terraform" / instance


def _state_option(folder: Path, state: Path) -> list[str]:
    if _backend(folder) != "local":
        raise TerraformError(f'{folder.relative_to(ROOT)} needs a `backend "local" {{}}` block.')
    return ["-reconfigure", f"-backend-config=path={state / 'terraform.tfstate'}"]


def _initialise(folder: Path, variables: Mapping[str, str], options: Sequence[str]) -> None:
    """`terraform init`, silent unless it fails."""
    command = _command(folder, ["init", "-input=false", "-lockfile=readonly", *options])
    result = subprocess.run(
        command,
        env=_with_data_folder(folder, variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        print(result.stdout, file=sys.stderr)
        raise TerraformError("Terraform could not be initialised.", result.returncode)


def _terraform(folder: Path, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
    """Run in the foreground. Ctrl-C reaches Terraform itself: wait while it writes its state."""
    started = time.monotonic()
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        status = subprocess.Popen(
            _command(folder, arguments), env=_with_data_folder(folder, variables)
        ).wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if status:
        raise TerraformError(
            f"terraform {arguments[0]} failed after {time.monotonic() - started:.0f} s.", status
        )


def _command(folder: Path, arguments: Sequence[str]) -> list[str]:
    action, *options = arguments
    plain = [] if sys.stdout.isatty() else ["-no-color"]
    return [os.environ.get("TERRAFORM") or "terraform", f"-chdir={folder}", action, *plain, *options]


def _with_data_folder(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    # Beside the sources, the working data would follow them into copies and searches.
    name = "-".join(folder.relative_to(ROOT).parts[-2:])
    return {**variables, "TF_DATA_DIR": str(WORK / "data" / name)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.terraform", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (plan, apply, destroy):
        options = commands.add_parser(command.__name__, help=command.__doc__)
        options.add_argument("environment", metavar="ENV")
        options.add_argument("--extra-vars", type=_path, metavar="FILE")
        options.add_argument("--var", action="append", default=[], dest="variables", metavar="NAME=VALUE")
        options.add_argument("--backend", type=_path, metavar="FILE")
        options.add_argument(
            "--arch", default="x86_64", choices=tuple(build.ARCHITECTURES), dest="architecture"
        )
        options.add_argument("--state", type=_path, metavar="FOLDER")
        options.set_defaults(run=command)
    commands.add_parser("validate", help=validate.__doc__)
    commands.add_parser("test", help=test.__doc__)
    parsed = vars(parser.parse_args(arguments))
    command, run = parsed.pop("command"), parsed.pop("run", None)
    try:
        if run:
            run(Request(**{**parsed, "variables": tuple(parsed["variables"])}))
        else:
            {"validate": validate, "test": test}[command]()
    except (TerraformError, extra_vars.ExtraVarsError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "status", 2)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


def _path(text: str) -> Path | None:
    """An empty option means it was not given: make passes empty variables on."""
    return Path(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
