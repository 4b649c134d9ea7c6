#!/usr/bin/env bash
# Refreshes requirements/*.txt from requirements/*.in: exact versions and hashes for every platform, no addresses.
# Usage: scripts/lock.sh
set -euo pipefail
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
export UV_CUSTOM_COMPILE_COMMAND="make lock"
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.tools/cache/uv}"

# Hashes must be those of the public index: what pip is configured with on this machine stays out on purpose.
lock() {
    local name=$1
    shift
    echo "locking requirements/$name.txt" >&2
    "$uv" pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-annotate \
        "$@" "requirements/$name.in" --output-file "requirements/$name.txt"
}

# The layer runs on the managed runtime, the tools on any supported Python. The constraints keep one version of each.
lock layer --python-version 3.13
lock demo --python-version 3.11 --constraints requirements/layer.txt
lock test --python-version 3.11 --constraints requirements/demo.txt
lock checkov --python-version 3.11
lock uv --python-version 3.11
