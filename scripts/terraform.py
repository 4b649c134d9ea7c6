"""Runs Terraform for an environment, with its providers, backend, zips and variables prepared.

Usage: python -m scripts.terraform plan|apply|destroy ENV [--extra-vars FILE] [--var NAME=VALUE]...
                                   [--backend FILE] [--arch x86_64|arm64] [--state FOLDER]
                                   [--log FILE] [--keep-onboarded]
       python -m scripts.terraform validate    every environment
       python -m scripts.terraform test        every module and environment that has tests

`apply` of an AWS environment applies what `plan` saved, and nothing else. `local` is applied directly, to the
embedded AWS of this checkout, which is started if it does not run; with --state, to the embedded AWS that the
AWS_* variables point to, with the Terraform state in FOLDER. What Terraform says of it is kept in the file of
--log. With --keep-onboarded, what the last apply onboarded stays, and what is added goes with the next apply.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import build, extra_vars, progress, provider_mirror, shared_provider

ROOT = build.ROOT
LOCAL = "local"


class TerraformError(RuntimeError):
    """Stops the command; the message says what to do, `status` is the exit status to end with."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What the caller asked for."""

    environment: str
    extra_vars: Path | None = None
    variables: tuple[str, ...] = ()
    backend: Path | None = None
    architecture: str = "x86_64"
    state: Path | None = None
    chosen_log: Path | None = None
    keeps_onboarded: bool = False

    @property
    def is_local(self) -> bool:
        return self.environment == LOCAL

    @property
    def folder(self) -> Path:
        """The root module; TerraformError if there is none of that name."""
        known = environments()
        if self.environment not in known:
            text = f"There is no environment '{self.environment}'. ENV is one of: {', '.join(known)}."
            raise TerraformError(text, 2)
        return ROOT / "terraform" / "environments" / self.environment

    def extra_variables(self) -> dict[str, Any] | None:
        """What the file of EXTRA_VARS sets, None without one; ExtraVarsError if it is not usable."""
        if self.extra_vars is None:
            return None
        declared = (self.folder / "variables.tf").read_text()
        known = re.findall(r'^variable "(\w+)"', declared, re.MULTILINE)
        return extra_vars.terraform_variables(self.extra_vars, known)

    @property
    def saved(self) -> Path:
        """The folder of the saved plan: the plan itself and the zips it was made for."""
        return ROOT / ".build" / "plans" / self.environment

    @property
    def log(self) -> Path:
        """Where all that Terraform says of a local deployment is kept."""
        return self.chosen_log or (self.state or ROOT / ".build" / "terraform") / f"{self.environment}.log"

    def build(self) -> Path:
        """The folder with the environment's zips, built anew where something changed."""
        target = build.Target.local() if self.is_local else build.Target.aws(self.architecture)
        build.build(target)
        return build.artifacts(target)


# Terraform and its provider (Go) spend a third of their time collecting garbage, even while memory is free.
COLLECT_LESS = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}


@dataclass(frozen=True)
class Workspace:
    """A root module and what Terraform gets to work on it: its environment, and a folder for its own data."""

    folder: Path
    environment: Mapping[str, str]
    data: Path

    @classmethod
    def of(cls, folder: Path, purpose: str, **variables: str) -> Workspace:
        """`purpose` keeps data apart: a folder that has met a backend cannot be initialised without one."""
        data = ROOT / ".build" / "terraform" / purpose / "-".join(folder.parts[-2:])
        return cls(folder, provider_mirror.terraform_environment(os.environ, ROOT) | variables, data)

    def initialise(self, *options: str) -> Workspace:
        """`terraform init`, silent unless it fails."""
        result = subprocess.run(
            self._command("init", "-input=false", "-lockfile=readonly", *options),
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if result.returncode:
            print(result.stdout, file=sys.stderr)
            raise TerraformError("terraform init failed.", result.returncode)
        return self

    def run(self, action: str, *options: str, log: Path | None = None) -> None:
        """Run in the foreground; with `log`, showing its progress only and keeping there what it says."""
        command, variables = self._command(action, *options), self._variables()
        # Ctrl-C reaches Terraform itself: wait while it writes its state.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            if log:
                status = progress.follow([*command, "-no-color"], variables, log)
            else:
                status = subprocess.Popen(command, env=variables).wait()
        finally:
            signal.signal(signal.SIGINT, before)
        if status:
            raise TerraformError(f"terraform {action} failed.", status)

    def _command(self, action: str, *options: str) -> list[str]:
        plain = [] if sys.stdout.isatty() else ["-no-color"]
        return [os.environ.get("TERRAFORM") or "terraform", f"-chdir={self.folder}", action, *plain, *options]

    def _variables(self) -> dict[str, str]:
        # Beside the sources, the data would follow them into copies and searches.
        return {**COLLECT_LESS, **self.environment, "TF_DATA_DIR": str(self.data)}


def environments() -> list[str]:
    """The names of the root modules."""
    return sorted({path.parent.name for path in (ROOT / "terraform" / "environments").glob("*/*.tf")})


def plan(request: Request) -> None:
    """Show what would change; of an AWS environment, save it for `apply`."""
    if request.is_local:
        variables = _variables(request, request.build())
        _local_workspace(request).run("plan", *variables)
        return
    backend = _backend_option(request)
    artifacts = request.build()
    if backend is None:
        _preview(request, artifacts)
        return
    shutil.rmtree(request.saved, ignore_errors=True)
    # The plan names these zips: a build between plan and apply must not change them.
    kept = shutil.copytree(artifacts, request.saved / "artifacts")
    workspace = Workspace.of(request.folder, "deployed").initialise("-reconfigure", backend)
    workspace.run("plan", *_variables(request, kept), f"-out={request.saved / 'plan.tfplan'}")
    print(f"Saved. `make apply ENV={request.environment}` applies exactly this plan.")


def apply(request: Request) -> None:
    """Apply the saved plan; of `local`, build and apply at once."""
    if request.is_local:
        _apply_local(request)
        return
    folder, saved = request.folder, request.saved / "plan.tfplan"
    if not saved.is_file():
        raise TerraformError(f"There is no saved plan. Make one and read it: make plan ENV={folder.name}")
    if request.extra_vars or request.variables:
        raise TerraformError("A saved plan has its variables already: give EXTRA_VARS to `make plan`.")
    backend = _required_backend(request)
    workspace = Workspace.of(folder, "deployed").initialise("-reconfigure", backend)
    workspace.run("apply", "-input=false", str(saved))
    shutil.rmtree(request.saved)


def _apply_local(request: Request) -> None:
    artifacts, workspace = request.build(), _local_workspace(request)
    applied = _applied(workspace)
    kept = json.loads(applied.read_text()) if request.keeps_onboarded and applied.is_file() else {}
    if functions := kept.get(extra_vars.ADDITIONAL):
        print(f"What was onboarded before stays so: {', '.join(sorted(functions))}.", flush=True)
    variables = _variables(request, artifacts, kept)
    workspace.run("apply", "-auto-approve", *variables, log=request.log)
    if not request.keeps_onboarded:
        applied.write_text(json.dumps(request.extra_variables() or {}))


def _applied(workspace: Workspace) -> Path:
    """The file that says what the last local apply got as EXTRA_VARS, beside the state it led to."""
    return workspace.data / "applied-extra-vars.tfvars.json"


def destroy(request: Request) -> None:
    """Remove everything; of an AWS environment, after Terraform's own question."""
    if request.is_local:
        variables, workspace = _variables(request, request.build()), _local_workspace(request)
        workspace.run("destroy", "-auto-approve", *variables, log=request.log)
        _applied(workspace).unlink(missing_ok=True)
        return
    backend = _required_backend(request)
    workspace = Workspace.of(request.folder, "deployed").initialise("-reconfigure", backend)
    workspace.run("destroy", *_variables(request, request.build()))


def validate() -> None:
    """Check every environment, and with it every module in use; shared sources are checked once."""
    alike: dict[tuple[Path, ...], list[str]] = {}
    for name in environments():
        sources = sorted(path.resolve() for path in Request(name).folder.glob("*.tf"))
        alike.setdefault(tuple(sources), []).append(name)
    for names in alike.values():
        workspace = Workspace.of(Request(names[0]).folder, "checked").initialise("-backend=false")
        print(f"{', '.join(names)}: ", end="", flush=True)
        workspace.run("validate")


def test() -> None:
    """Run `terraform test` wherever there are tests, with the provider version that is locked."""
    folders = sorted({path.parent.parent for path in (ROOT / "terraform").glob("**/tests/*.tftest.hcl")})
    if not folders:
        raise TerraformError("There are no Terraform tests: terraform/**/tests/*.tftest.hcl")
    verified = Workspace.of(Request(environments()[0]).folder, "checked").initialise("-backend=false")
    with shared_provider.serving(provider_mirror.installed(verified.data, ROOT)) as attached:
        for folder in folders:
            print(folder.relative_to(ROOT), flush=True)
            Workspace.of(folder, "tested", **attached).initialise("-backend=false").run("test")


def _variables(request: Request, artifacts: Path, kept: Mapping[str, Any] | None = None) -> list[str]:
    """The options that set them; `kept` are extra variables that those of the request are added to."""
    # Relative, because Terraform remembers where zips lie: that must be the same on every machine.
    options = [f"-var=artifacts_dir={os.path.relpath(artifacts, request.folder)}"]
    options.append(f"-var=architecture={request.architecture}")
    if (request.folder / f"{request.environment}.tfvars").is_file():
        options.append(f"-var-file={request.environment}.tfvars")
    extra = extra_vars.merged(kept or {}, request.extra_variables() or {})
    if extra:
        folder = request.state or ROOT / ".build" / "terraform"
        path = folder.resolve() / f"{request.environment}-extra-vars.tfvars.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(extra))
        options.append(f"-var-file={path}")
    return [*options, *(f"-var={variable}" for variable in request.variables)]


def _backend_option(request: Request) -> str | None:
    """Where `init` finds the state in S3; None when nobody has said."""
    usual = ROOT / "terraform" / "backend" / f"{request.folder.name}.s3.tfbackend"
    chosen = request.backend or (usual if usual.is_file() else None)
    if chosen is None:
        return None
    if not chosen.is_file():
        raise TerraformError(f"BACKEND={chosen} does not exist.")
    return f"-backend-config={chosen.resolve()}"


def _required_backend(request: Request) -> str:
    backend = _backend_option(request)
    if backend is None:
        raise TerraformError(_how_to_name_a_backend(request))
    return backend


def _how_to_name_a_backend(request: Request) -> str:
    name = request.environment
    return (
        f"ENV={name} keeps its state in S3. Say where, in terraform/backend/{name}.s3.tfbackend "
        "or in any file given as BACKEND=file:\n"
        '  bucket       = "my-terraform-state"\n'
        f'  key          = "lambda-auto-repair/{name}.tfstate"\n'
        '  region       = "us-east-1"\n'
        "  use_lockfile = true"
    )


def _preview(request: Request, artifacts: Path) -> None:
    """Plan from an empty state, in a copy with another backend; for a first look without a bucket."""
    copy = ROOT / ".build" / "terraform" / "preview"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "terraform", copy / "terraform")
    for entry in ROOT.iterdir():
        if entry.name not in {"terraform", ".git"}:
            (copy / entry.name).symlink_to(entry)
    folder = copy / request.folder.relative_to(ROOT)
    (folder / "preview_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    Workspace.of(folder, "previewed").initialise("-reconfigure").run("plan", *_variables(request, artifacts))
    print(f"\nA preview, from an empty state and not saved. {_how_to_name_a_backend(request)}")


def _local_workspace(request: Request) -> Workspace:
    """Initialised, with everything that reaches the embedded AWS."""
    state = request.state.resolve() if request.state else None
    if state is None:
        subprocess.run([sys.executable, "-m", "local", "start"], cwd=ROOT, check=True)
        variables, state = embedded_aws_variables(), _state_of_running_instance()
    else:
        variables = dict(os.environ)
        if not variables.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1:"):
            raise TerraformError("--state needs AWS_ENDPOINT_URL to point to an embedded AWS on 127.0.0.1.")
    environment = provider_mirror.terraform_environment(variables, ROOT)
    workspace = Workspace(request.folder, environment, state / "terraform-data")
    return workspace.initialise("-reconfigure", f"-backend-config=path={state / 'terraform.tfstate'}")


def embedded_aws_variables() -> dict[str, str]:
    """This process's environment, changed such that AWS means the embedded one of this checkout."""
    command = [sys.executable, "-m", "local", "env"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return apply_shell_lines(lines, os.environ)


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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.terraform", description="Run Terraform for an environment."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (plan, apply, destroy):
        options = commands.add_parser(command.__name__, help=command.__doc__)
        options.add_argument("environment", metavar="ENV")
        options.add_argument("--extra-vars", type=_path, metavar="FILE")
        options.add_argument("--var", action="append", default=[], dest="variables", metavar="NAME=VALUE")
        options.add_argument("--backend", type=_path, metavar="FILE")
        options.add_argument("--arch", default="x86_64", choices=[*build.ARCHITECTURES], dest="architecture")
        options.add_argument("--state", type=_path, metavar="FOLDER")
        options.add_argument("--log", type=_path, metavar="FILE")
        options.add_argument("--keep-onboarded", action="store_true")
    commands.add_parser("validate", help=validate.__doc__)
    commands.add_parser("test", help=test.__doc__)
    parsed = parser.parse_args(arguments)
    try:
        if parsed.command in ("validate", "test"):
            {"validate": validate, "test": test}[parsed.command]()
        else:
            request = _request(parsed)
            request.extra_variables()  # a mistake in the file is told before anything is built
            {"plan": plan, "apply": apply, "destroy": destroy}[parsed.command](request)
    except (TerraformError, extra_vars.ExtraVarsError) as error:
        print(error, file=sys.stderr)
        return error.status if isinstance(error, TerraformError) else 2
    except subprocess.CalledProcessError as error:
        return error.returncode  # it has said itself what is wrong
    return 0


def _request(parsed: argparse.Namespace) -> Request:
    return Request(
        parsed.environment,
        extra_vars=parsed.extra_vars,
        variables=tuple(parsed.variables),
        backend=parsed.backend,
        architecture=parsed.architecture,
        state=parsed.state,
        chosen_log=parsed.log,
        keeps_onboarded=parsed.keep_onboarded,
    )


def _path(text: str) -> Path | None:
    """An empty option counts as not given: make passes empty variables on."""
    return Path(text) if text else None


if __name__ == "__main__":
    sys.exit(main())
