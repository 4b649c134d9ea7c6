#!/usr/bin/env bash
# Makes .venv and .tools/checkov from requirements/*.txt. Takes no time when they are up to date.
# Usage: scripts/setup.sh SET...     SET is demo, test (holds demo) or checkov
#   PYTHON=/path/to/python3    use this interpreter instead of the newest one found
#   TERRAFORM=/path/terraform  use this Terraform instead of the one on PATH
# Runs before any Python is known, and on the bash 3.2 of macOS.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
# Caches stay in the checkout: when it is deleted, nothing of it is left elsewhere.
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.tools/cache/uv}"
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1 CHECKPOINT_DISABLE=1

say() { printf '%s\n' "$@" >&2; }

# Interpreters worth trying, best first: 3.13 is what AWS runs our functions on.
candidates() {
    local version folder
    local pyenv="${PYENV_ROOT:-$(pyenv root 2>/dev/null || true)}"
    local uv="${UV_PYTHON_INSTALL_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/uv/python}"
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" || true
        return
    fi
    for version in 3.13 3.12 3.11; do
        command -v "python$version" || true
        for folder in "$pyenv/versions" "$uv"; do
            find "$folder" -maxdepth 3 -path "*/bin/python$version" 2>/dev/null | sort -rV || true
        done
    done
    command -v python3 || true
}

# -I ignores variables that are meant for another Python. A shim may exist and yet not run.
is_recent() { "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -I -c 'import ensurepip, venv' >/dev/null 2>&1; }
real_path() { "$1" -I -c 'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null; }

find_python() {
    local candidate
    while read -r candidate; do
        if is_recent "$candidate" && has_venv "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done < <(candidates)
}

explain_missing_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        say "PYTHON=$PYTHON cannot be used: it does not run, is older than 3.11, or lacks the venv module."
    else
        say "No Python 3.11 or newer with its venv module was found." \
            "Looked for python3.13, python3.12, python3.11, python3 and what pyenv and uv have installed."
    fi
    candidates | while read -r candidate; do
        if is_recent "$candidate"; then
            say "  $candidate runs, but its venv module is missing (Debian, Ubuntu: sudo apt install python3-venv)."
        fi
    done
    say "  Debian, Ubuntu   sudo apt install python3 python3-venv" \
        "  macOS            brew install python@3.13" \
        "  pyenv or uv      pyenv install 3.13  or  uv python install 3.13" \
        "  or name one      make setup PYTHON=/path/to/python3"
}

explain_missing_terraform() {
    say "Terraform was not found or does not run (tried: ${TERRAFORM:-terraform})." \
        "  Install 1.11 or newer   https://developer.hashicorp.com/terraform/install" \
        "  or name one             make setup TERRAFORM=/path/to/terraform"
}

# An environment breaks when its interpreter goes away or the checkout moves.
venv_is_usable() {
    [ "$(cat "$venv/.made-in" 2>/dev/null)" = "$PWD" ] && is_recent "$venv/bin/python" &&
        { [ -z "${PYTHON:-}" ] || [ "$(real_path "$PYTHON")" = "$(real_path "$venv/bin/python")" ]; }
}

# Everything that is missing is said at once.
check_prerequisites() {
    local missing=0
    if ! "${TERRAFORM:-terraform}" version >/dev/null 2>&1; then
        explain_missing_terraform
        missing=1
    fi
    if ! venv_is_usable && [ -z "$(find_python)" ]; then
        explain_missing_python
        missing=1
    fi
    return "$missing"
}

make_venv() {
    local python
    python=$(find_python)
    say "Creating $venv with $("$python" --version) ..."
    rm -rf "$venv" .tools/checkov
    "$python" -m venv "$venv"
    # Without uv everything below still works, through pip and slower.
    "$venv/bin/python" -m pip install -qq --no-cache-dir --require-hashes -r requirements/uv.txt ||
        say "uv cannot be installed here; going on with pip."
    printf '%s\n' "$PWD" >"$venv/.made-in"
}

install_with_uv() {
    local variables
    [ -x "$venv/bin/uv" ] && variables=$("$venv/bin/python" scripts/uv_environment.py) &&
        (eval "$variables" && "$venv/bin/uv" pip install --quiet --python "$1/bin/python" \
            --require-hashes -r "$2")
}

install_with_pip() {
    "$venv/bin/python" -m pip --python "$1/bin/python" install -qq --no-cache-dir --require-hashes -r "$2"
}

# Installs one set of requirements into an environment, unless exactly these are there already.
install() {
    local name=$1 environment=$2
    local requirements="requirements/$name.txt" stamp="$environment/.installed-$name.txt"
    cmp -s "$requirements" "$stamp" && return
    say "Installing $requirements into $environment ..."
    [ -x "$environment/bin/python" ] || "$venv/bin/python" -m venv --without-pip "$environment"
    install_with_uv "$environment" "$requirements" || install_with_pip "$environment" "$requirements"
    cp "$requirements" "$stamp"
}

for name in "$@"; do
    case "$name" in
        demo | test | checkov) ;;
        *) say "Unknown set '$name'. Usage: scripts/setup.sh demo|test|checkov ..." && exit 2 ;;
    esac
done

check_prerequisites
venv_is_usable || make_venv
for name in "$@"; do
    case "$name" in
        checkov) install checkov .tools/checkov ;;
        test) install test "$venv" ;;
        # Compiled ahead, because many processes import it at once. Of the others most is never imported.
        demo) UV_COMPILE_BYTECODE=1 install demo "$venv" ;;
    esac
done
