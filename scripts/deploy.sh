#!/usr/bin/env bash
# Deploys an environment: build, plan, your yes, apply, check.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat >&2 <<'USAGE'
Usage: scripts/deploy.sh --environment ENV --region REGION --email ADDRESS [options]

  --environment ENV      a folder of terraform/environments
  --region REGION        where to deploy, such as us-east-1
  --email ADDRESS        who gets every message; AWS asks the address for confirmation
  --enable-approval      ask before every repair (mode `ask`), where a function's own entry says nothing else
  --backend FILE         where the Terraform state lives, unless terraform/backend/ENV.s3.tfbackend says so
  --arch ARCHITECTURE    x86_64 (default) or arm64
  --yes                  apply without asking
USAGE
    exit 2
}

environment="" region="" email="" backend="" architecture=x86_64 approval="" yes=""
while [ $# -gt 0 ]; do
    case "$1" in
        --environment | --region | --email | --backend | --arch)
            [ -n "${2:-}" ] || { echo "$1 needs a value." >&2 && usage; }
            case "$1" in
                --environment) environment=$2 ;;
                --region) region=$2 ;;
                --email) email=$2 ;;
                --backend) backend=$2 ;;
                --arch) architecture=$2 ;;
            esac
            shift 2
            ;;
        --enable-approval) approval=yes && shift ;;
        --yes) yes=yes && shift ;;
        -h | --help) usage ;;
        *) echo "Unknown option $1." >&2 && usage ;;
    esac
done
for name in environment region email; do
    [ -n "${!name}" ] || { echo "--$name is missing." >&2 && usage; }
done

scripts/setup.sh demo
terraform() {
    .venv/bin/python -m scripts.terraform "$1" "$environment" --backend "$backend" --arch "$architecture" "${@:2}"
}
variables=(--var "region=$region" --var "notification_emails=[\"$email\"]")
if [ -n "$approval" ]; then
    variables+=(--var default_mode=ask)
fi
export AWS_REGION=$region

if [ "$environment" = local ]; then
    terraform apply "${variables[@]}"
else
    rm -rf ".build/plans/$environment"
    terraform plan "${variables[@]}"
    # Without a backend there was a preview only, and it said what is missing.
    [ -f ".build/plans/$environment/plan.tfplan" ] || exit 1
    if [ -z "$yes" ]; then
        read -r -p "Apply this plan to $environment in $region? Type the environment's name: " answer
        [ "$answer" = "$environment" ] || { echo "Nothing was changed." >&2 && exit 1; }
    fi
    terraform apply
fi
echo "Region, address and mode stay only if terraform/environments/$environment/$environment.tfvars says them, too."
scripts/validate-deployment.sh --environment "$environment" --region "$region"
