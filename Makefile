# The workshop of munshi. `make help` prints what there is; CONTRIBUTING.md says when to use it.
#
# Everything a target makes lies in .venv, .cache and the tools' own cache folders; `make clean` takes
# all of it away again. Recipes name relative paths only, so a clone may live under a path with spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help dev web demo check test pythons cluster cluster-down test-cluster fmt generate clean lint needs-go lint-web

# Settings, e.g. `make dev PYTHON=/opt/python/bin/python3` or `make test WORKERS=2`.
PYTHON ?=
WORKERS ?= auto
CLUSTER_TESTS ?= tests/cluster

# One version for everybody: the lock file is read by the uv that wrote it.
UV_VERSION := 0.13.9
UV := .cache/uv-$(UV_VERSION)/bin/uv
BIN := .venv/bin
PY := $(BIN)/python

# The bench is ready when this file is younger than what it was made from. Its name holds a checksum
# of the folder, for a virtual environment does not survive a move.
HERE := $(shell pwd | cksum | cut -d ' ' -f 1)
READY := .venv/.ready-$(HERE)
READY_FOR_ALL := .venv/.ready-for-all-$(HERE)
MADE_FROM := pyproject.toml uv.lock Makefile

# The browser's pages. What npm makes of web/ lands inside the package; git knows only what it is made from.
PAGES := src/munshi/web/static/index.html
NPM_READY := web/node_modules/.ready-$(HERE)
PAGES_FROM := $(wildcard web/*.json web/*.ts web/*.mjs web/*.html) $(shell find web/src web/public -type f)
HAS_NODE := command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); \
	process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null

# uv works in .venv, with the Python that .venv was made with, whatever the caller's shell has set.
SYNC := env -u VIRTUAL_ENV -u UV_PROJECT_ENVIRONMENT UV_PYTHON_DOWNLOADS=never \
	$(UV) sync --frozen --quiet --python $(PY)

help: ## Print this list
	@echo "munshi's workshop:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

dev: $(READY) ## Make a working bench in .venv; does nothing when it is up to date
	@if $(HAS_NODE); then $(MAKE) --no-print-directory --silent web; else \
	  echo "The browser's pages are not built, for Node 20.19 (or 22.12) or later was not found; all else works."; fi
	@echo "The bench is ready: run $(BIN)/munshi, or make check."

web: $(PAGES) ## Build the browser's pages (Node 20.19 or 22.12, and npm)

demo: $(READY) ## Tune examples/digits.yaml on this machine, from an empty ledger
	@rm -rf .cache/demo
	@mkdir -p .cache/demo
	MUNSHI_HOME="$$PWD/.cache/demo" PATH="$$PWD/$(BIN):$$PATH" $(BIN)/munshi run examples/digits.yaml
	@echo
	@echo "To type the commands above in this shell, say once:"
	@echo "  export MUNSHI_HOME=\"$$PWD/.cache/demo\" PATH=\"$$PWD/$(BIN):\$$PATH\""

check: $(READY) lint lint-web ## Format, lint, types, imports and the fast tests; under a minute
	$(PY) -m pytest -m "not journey and not oracle and not tensorflow and not browser and not cluster" -n "$(WORKERS)" -q

test: needs-go $(READY_FOR_ALL) lint lint-web pythons ## Everything: make check's checks, then all tests (needs Go and 8 GB of disk)
	@$(MAKE) --no-print-directory test-cluster
	@MUNSHI_LEFT_OUT="$$(cat .cache/left-out .cache/left-out-cluster 2>/dev/null || :)" \
	tools/pytest_twice.sh $(PY) .pytest_cache -m "not cluster" -n "$(WORKERS)" --dist worksteal

pythons: $(READY) ## The tests on the other supported Pythons that this machine has
	@$(TEST_OTHER_PYTHONS)

cluster: $(READY) ## Start a real one-node Kubernetes (Linux, root, Go; the first time takes half an hour)
	@$(PY) tools/cluster up

cluster-down: ## End it, and leave nothing of it
	@$(FIND_PYTHON); "$$python" tools/cluster down

test-cluster: $(READY) ## The tests on a real Kubernetes: on the one that runs, or on one started for them
	@$(TEST_CLUSTER)

fmt: $(READY) ## Format the code and mend what the linter can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

generate: $(READY) ## Write deploy/ anew from the models and from src/munshi/kube/manifests.py
	$(PY) -m munshi.kube.crds deploy/crds
	$(PY) -m munshi.kube.manifests deploy

clean: ## Remove the bench, caches and everything else that make made
	@if [ -d .cache/cluster ]; then $(MAKE) --no-print-directory cluster-down; fi
	rm -rf web/node_modules src/munshi/web/static
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find src tests examples benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +

# From here on: parts of the targets above, not for calling.

lint: $(READY)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(BIN)/lint-imports

# The pages' own types, rules and tests; the built pages too, for they are held to a size.
lint-web:
	@if $(HAS_NODE); then $(MAKE) --no-print-directory $(PAGES) && cd web && npm run --silent lint && npm run --silent test; \
	else echo "web/ is not checked: Node 20.19 (or 22.12) or later was not found."; fi

$(NPM_READY): web/package-lock.json
	@echo "Fetching what the pages are built with"
	@cd web && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(PAGES): $(PAGES_FROM) $(NPM_READY)
	@cd web && npm run --silent build
	@touch $@

# The oracle tests ask Go's own libraries. Leaving them out in silence would be a lie about `make test`.
# From 1.21 on, Go fetches the newer version that an oracle may want by itself.
needs-go:
	@go env GOVERSION 2>/dev/null | awk -F '[go.]+' '$$2 > 1 || $$3 >= 21 { new = 1 } END { exit !new }' || { \
	  echo "make test compares munshi with Go's own libraries and needs Go 1.21 or later;" >&2; \
	  echo "found: $$(go version 2>/dev/null || echo no go on the PATH)." >&2; \
	  echo "Install it (Debian, Ubuntu: apt install golang-go; macOS: brew install go)," >&2; \
	  echo "or run make check, which does without." >&2; \
	  exit 1; }

# `--inexact` leaves alone what `make test` has added.
$(READY): $(MADE_FROM) $(UV)
	@$(MAKE_VENV)
	$(SYNC) --inexact
	@touch $@

$(READY_FOR_ALL): $(MADE_FROM) $(READY)
	$(SYNC) --group tensorflow
	@touch $@

# Each other Python gets an environment of its own, kept between runs. What compares with Go or trains
# with TensorFlow does not depend on the Python's version and runs once, in the main environment.
define TEST_OTHER_PYTHONS
set -e; found=; \
for python in $$(tools/pythons.sh $(PY)); do \
  version=$${python##*/python}; found="$$found $$version"; \
  echo "On Python $$version:"; \
  env -u VIRTUAL_ENV UV_PROJECT_ENVIRONMENT="$$PWD/.cache/venv-$$version" UV_PYTHON_DOWNLOADS=never \
    $(UV) sync --frozen --quiet --python "$$python"; \
  tools/pytest_twice.sh ".cache/venv-$$version/bin/python" ".cache/pytest-$$version" -q \
    -m "not oracle and not tensorflow and not podman and not browser and not cluster" -n "$(WORKERS)" --dist worksteal; \
done; \
own=$$($(PY) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); : > .cache/left-out; \
for version in 3.11 3.12 3.13; do \
  case " $$own $$found " in *" $$version "*) ;; \
  *) echo "all tests on Python $$version, which was not found" >> .cache/left-out;; esac; \
done
endef

# A cluster that ran before is left as it is; one started here is ended. Where none can be held, that is
# said at the end of `make test`, but never in CI, which has all it takes or fails.
define TEST_CLUSTER
set -e; reason=$$($(PY) tools/cluster possible); : > .cache/left-out-cluster; \
if [ -n "$$reason" ] && [ -z "$$CI" ]; then \
  echo "the tests on a real Kubernetes: $$reason" | tee .cache/left-out-cluster; exit 0; \
fi; \
ran=; if $(PY) tools/cluster status >/dev/null 2>&1; then ran=yes; fi; \
if [ -z "$$ran" ]; then trap '$(PY) tools/cluster down' EXIT; trap 'exit 130' INT TERM; fi; \
$(PY) tools/cluster up; \
tools/pytest_twice.sh $(PY) .cache/pytest-cluster -q -m cluster $(CLUSTER_TESTS)
endef

# uv in an environment of its own: nothing is asked of the machine but Python.
$(UV):
	@$(FIND_PYTHON); \
	mkdir -p .cache; \
	"$$python" -m venv --clear .cache/uv-$(UV_VERSION)
	.cache/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

# Sets $python to the first Python that is new enough and can make environments, or says what to install.
define FIND_PYTHON
set -e; python=; found=; \
for one in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11 python3.14); do \
  command -v "$$one" >/dev/null || continue; \
  found="$$found $$("$$one" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || :)"; \
  if "$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then python="$$one"; break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "munshi needs Python 3.11 or later; found:$${found:- none}." >&2; \
  echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," >&2; \
  echo "or name it: make dev PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi; \
if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
  echo "$$python cannot make virtual environments: its venv module is not installed." >&2; \
  echo "Debian and Ubuntu keep it apart: apt install python3-venv" >&2; \
  exit 1; \
fi
endef

# A .venv that was made elsewhere, or half made, is made anew; a good one is kept.
define MAKE_VENV
$(FIND_PYTHON); \
if ! { [ -x $(PY) ] && $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
  && grep -qF "$$(pwd)/.venv" $(BIN)/activate 2>/dev/null; }; then \
  echo "Making .venv with $$("$$python" --version)"; \
  "$$python" -m venv --clear .venv; \
fi
endef
