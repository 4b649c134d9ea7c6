"""Finds the AWS provider on this machine, so that Terraform works without its registry.

Nobody's settings are overridden: a user's own Terraform configuration stays in force, and where no local
mirror holds the locked version, Terraform asks its registry as always.
"""

from __future__ import annotations

import json
import platform
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

PROVIDER = "registry.terraform.io/hashicorp/aws"
# Where systems and people keep mirrors; up to two folders deep.
PLACES = ("/usr/share", "/usr/local/share", "/opt", "~/.terraform.d", "~/.local/share")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def terraform_environment(base: Mapping[str, str], root: Path) -> dict[str, str]:
    """The variables for Terraform in the checkout `root`, where a CLI configuration is written if needed."""
    variables = {**base, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    chosen = base.get("TF_CLI_CONFIG_FILE")
    if chosen and not Path(chosen).is_file():
        del variables["TF_CLI_CONFIG_FILE"]  # Terraform would warn about it on every command
    own_settings = "TF_CLI_CONFIG_FILE" in variables or Path("~/.terraformrc").expanduser().is_file()
    places = [base["TF_MIRROR"]] if base.get("TF_MIRROR") else [] if own_settings else PLACES
    mirror = find_mirror(places, locked_version(root), this_platform())
    if mirror:
        variables["TF_CLI_CONFIG_FILE"] = str(_write_configuration(mirror, root))
    elif not own_settings and "TF_PLUGIN_CACHE_DIR" not in base:
        # One download for all environments and module tests instead of one each.
        cache = root / ".tools" / "terraform-plugins"
        cache.mkdir(parents=True, exist_ok=True)
        variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
    return variables


def find_mirror(places: Iterable[str], version: str, system: str) -> Path | None:
    """The first mirror below `places` that holds the provider for `system` (linux_amd64), packed or not."""
    for place in places:
        for depth in ("", "*/", "*/*/"):
            for provider in sorted(Path(place).expanduser().glob(depth + PROVIDER)):
                archive = provider / f"terraform-provider-aws_{version}_{system}.zip"
                if archive.is_file() or (provider / version / system).is_dir():
                    return provider.parents[2]
    return None


def installed(data: Path, root: Path) -> Path:
    """The program that `terraform init` has put into its data, and has verified against the lock file."""
    folder = data / "providers" / PROVIDER / locked_version(root) / this_platform()
    return next(folder.glob("terraform-provider-aws*"))


def locked_version(root: Path) -> str:
    """The provider version all environments have in their lock files."""
    lock_file = lock_files(root)[0].read_text()
    found = re.search(rf'provider "{PROVIDER}" {{\s*version\s*=\s*"([^"]+)"', lock_file)
    if not found:
        raise ValueError(f"{lock_files(root)[0]} does not lock {PROVIDER}")
    return found[1]


def lock_files(root: Path) -> list[Path]:
    """One per environment, all of the same content."""
    return sorted((root / "terraform" / "environments").glob("*/.terraform.lock.hcl"))


def this_platform() -> str:
    """This machine in Terraform's words, such as linux_amd64."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{MACHINES.get(machine, machine)}"


def _write_configuration(mirror: Path, root: Path) -> Path:
    # Other providers, should there be any, still come from the registry.
    path = root / ".build" / "terraform" / "provider-mirror.tfrc"
    path.parent.mkdir(parents=True, exist_ok=True)
    written = (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{PROVIDER}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{PROVIDER}"]\n  }}\n'
        "}\n"
    )
    if not path.is_file() or path.read_text() != written:
        # In one step: Terraform may read it for another process at this moment.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as unfinished:
            unfinished.write(written)
        Path(unfinished.name).replace(path)
    return path
