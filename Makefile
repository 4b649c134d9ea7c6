# Every command people and CI run; `make` alone lists them. Runs on GNU make 3.81 and newer.
.DEFAULT_GOAL := help
.NOTPARALLEL:

ENV ?= dev
ARCH ?= x86_64
VENV_PYTHON := .venv/bin/python
RUN_TERRAFORM := $(VENV_PYTHON) -m scripts.terraform
# What was not given is empty, and an empty option counts as not given.
OPTIONS = '$(ENV)' --extra-vars '$(EXTRA_VARS)' --backend '$(BACKEND)' --arch '$(ARCH)'

# What make runs keeps nothing outside the checkout, and nobody is asked for newer versions. The hook of a plain
# `git commit` does not run through make: pre-commit keeps its log in the usual place, ~/.cache/pre-commit.
export CHECKPOINT_DISABLE := 1
export PRE_COMMIT_HOME := $(CURDIR)/.tools/pre-commit
export UV_CACHE_DIR ?= $(CURDIR)/.tools/cache/uv
# Hundreds of processes import the same modules: if Python keeps nothing, each of them compiles all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nENV is dev unless given: make plan ENV=prod. README.md and docs/ say more.\n'

# What a target needs is installed when it first needs it, and only that.
.PHONY: tools-demo tools
tools-demo:
	@scripts/setup.sh demo
tools:
	@scripts/setup.sh demo test checkov

##@ Try it

.PHONY: setup
setup: tools ## install everything into .venv and .tools
	@echo "Ready: .venv has $$($(VENV_PYTHON) --version)."

.PHONY: demo
demo: tools-demo ## three real incidents, found, repaired and verified on the embedded AWS
	@$(VENV_PYTHON) -m scripts.demo

.PHONY: local
local: tools-demo ## start the embedded AWS and deploy to it
	@$(RUN_TERRAFORM) apply local --extra-vars '$(EXTRA_VARS)'
	@printf '\nDeployed. Point your shell to it: eval "$$(make -s local-env)"    Stop it: make local-down\n'

.PHONY: local-env
local-env: tools-demo ## print what points aws, terraform and boto3 to it: eval "$(make -s local-env)"
	@$(VENV_PYTHON) -m local env

.PHONY: local-down
local-down: tools-demo ## stop the embedded AWS and forget what it held
	@$(VENV_PYTHON) -m local stop

.PHONY: scenario
scenario: tools-demo ## run one fault from local/scenarios, beside what is onboarded: NAME=x
	@$(VENV_PYTHON) -m scripts.run_scenario '$(NAME)'

##@ Check it

.PHONY: test
test: tools ## everything: lint, all tests, Terraform, checkov, end to end
	@$(VENV_PYTHON) -m scripts.run_tests

.PHONY: lint
lint: tools ## every linter, formatter and type check, as the pre-commit hooks run them
	@.venv/bin/pre-commit run --all-files --show-diff-on-failure

.PHONY: test-unit
test-unit: tools ## unit tests: quick and offline
	@$(VENV_PYTHON) -m pytest tests/unit

.PHONY: test-e2e
test-e2e: tools ## end to end on the embedded AWS
	@$(VENV_PYTHON) -m pytest tests/e2e

# Each incident prints a line when it has ended: pytest must not keep them to itself.
.PHONY: walk
walk: tools ## every AWS call fails in every way, end to end; takes long: [WALK_PART=2/4]
	@WALK=full $(VENV_PYTHON) -m pytest -s tests/e2e/test_every_call_fails.py tests/e2e/test_every_look_around_fails.py

.PHONY: bench
bench: tools ## cold starts, sizes and times per state against their budgets
	@$(VENV_PYTHON) -m scripts.bench

.PHONY: bench-rca
bench-rca: tools ## root-cause engine on recorded incidents: DATA=folder
	@: $(if $(DATA),,$(error DATA is missing: a folder with public/ and harness/))
	@$(VENV_PYTHON) -m scripts.bench_rca '$(DATA)'

.PHONY: bench-memory
bench-memory: tools ## what the memory of incidents is worth, and one wrong label: [DATA=folder]
	@$(VENV_PYTHON) -m scripts.bench_memory $(if $(DATA),'$(DATA)')

.PHONY: bench-runbooks
bench-runbooks: tools ## runbook search: hit rates on labelled questions
	@$(VENV_PYTHON) -m scripts.bench_runbooks

##@ Deploy it

.PHONY: build
build: tools-demo ## zips of every Lambda and the layer, byte for byte reproducible: ARCH=x86_64|arm64
	@$(VENV_PYTHON) -m scripts.build --target aws --arch '$(ARCH)'

.PHONY: plan
plan: tools-demo ## show what would change and save it: ENV=x [EXTRA_VARS=file.tfvars.json] [BACKEND=file]
	@$(RUN_TERRAFORM) plan $(OPTIONS)

.PHONY: apply
apply: tools-demo ## apply the saved plan; ENV=local at once: ENV=x
	@$(RUN_TERRAFORM) apply $(OPTIONS)

.PHONY: destroy
destroy: tools-demo ## remove everything of an environment: ENV=x
	@$(RUN_TERRAFORM) destroy $(OPTIONS)

.PHONY: deploy
deploy: tools-demo ## plan, ask and apply: ENV=x REGION=r EMAIL=e [APPROVAL=yes]
	@scripts/deploy.sh --environment '$(ENV)' --region '$(REGION)' --email '$(EMAIL)' $(if $(APPROVAL),--enable-approval)

.PHONY: validate-deployment
validate-deployment: tools-demo ## check a deployed environment, changing nothing: ENV=x
	@scripts/validate-deployment.sh --environment '$(ENV)'

##@ Find out

# What people type goes through the shell's own variables: an apostrophe in a question ends no string.
export TARGET SINCE QUESTION INCIDENT ACCEPT DECLINE AGAIN BY COMMENT

.PHONY: investigate
investigate: tools-demo ## what is wrong with it: TARGET=x [SINCE=30m] [QUESTION="my API returns 500"] ENV=x
	@PYTHONPATH=layers/shared/python $(VENV_PYTHON) -m scripts.investigate --environment '$(ENV)' \
		--target="$$TARGET" --since="$$SINCE" --question="$$QUESTION"

.PHONY: findings
findings: tools-demo ## what was found, and what you think of it: TARGET=x|INCIDENT=x [ACCEPT=id|DECLINE=id] [COMMENT=x] ENV=x
	@PYTHONPATH=layers/shared/python $(VENV_PYTHON) -m scripts.findings --environment '$(ENV)' --incident="$$INCIDENT" --target="$$TARGET" \
		--accept="$$ACCEPT" --decline="$$DECLINE" --again="$$AGAIN" --by="$$BY" --comment="$$COMMENT"

##@ Maintain it

.PHONY: docs
docs: tools ## refresh the generated pages
	@$(VENV_PYTHON) -m scripts.docs

.PHONY: lock
lock: tools-demo ## move the pinned requirements to the newest versions allowed
	@scripts/lock.sh
