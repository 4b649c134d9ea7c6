#!/usr/bin/env bash
# Checks a deployed environment without changing anything; exit status 1 if something is broken.
# Usage: scripts/validate-deployment.sh --environment ENV [--region REGION]
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh demo
PYTHONPATH=layers/shared/python exec .venv/bin/python -m scripts.validate_deployment "$@"
