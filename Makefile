# bondlab: `make help` lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# As in setup.sh: the environment may name another place for the virtual environment.
VENV := $(or $(BONDLAB_VENV),$(CURDIR)/.venv)
export PATH := $(VENV)/bin:$(PATH)

# The interpreter with which the lock is made: the oldest that the project supports.
LOCK_PYTHON ?= /usr/bin/python3

# Extra arguments of pytest: make unit ARGS="-k lacp -x"
ARGS ?=

.PHONY: help setup lab test unit lint format mutants explore kill9 bench oracle fidelity box vagrant-check vagrant-test relock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Install Debian packages and the virtual environment (root; seconds when already done)
	./setup.sh

lab: setup ## Set up, then run the cases on the BladeCenter topologies
	$(VENV)/bin/pytest testcases/ --topo=bladecenter $(ARGS)

test: ## Set up, lint, unit tests, then every case on every topology
	$(MAKE) setup
	$(MAKE) lint
	$(MAKE) unit ARGS=
	$(VENV)/bin/pytest testcases/ --topo=all -n auto $(ARGS)

unit: | $(VENV)/bin/pytest ## tests/: the core in virtual time, daemon and lab in namespaces
	$(VENV)/bin/pytest tests/ -n auto $(ARGS)

lint: | $(VENV)/bin/pytest ## ruff, mypy, shellcheck
	ruff check .
	ruff format --check .
	mypy
	shellcheck setup.sh .ci/run contrib/ip contrib/*.sh

format: | $(VENV)/bin/pytest ## Format the code and apply ruff's safe fixes
	ruff check --fix --exit-zero .
	ruff format .

mutants: | $(VENV)/bin/pytest ## Break the driver on purpose: cases must fail
	$(VENV)/bin/python -m tests.mutants

explore: | $(VENV)/bin/pytest ## The property tests with new random examples, RUNS=10 times over or until one fails
	for run in $$(seq $(or $(RUNS),10)); do \
	  $(VENV)/bin/pytest tests/core tests/lacp tests/config tests/lab_unit -q -n auto -m hypothesis --hypothesis-profile=explore $(ARGS) || exit; \
	done

kill9: | $(VENV)/bin/pytest ## Kill runs at 20 random moments: nothing of them is left (root; 5 minutes)
	$(VENV)/bin/python -m tests.kill9 $(ARGS)

oracle: | $(VENV)/bin/pytest ## The same cases on bondimpl and on the kernel's driver: docs/oracle.md
	$(VENV)/bin/python -m lab.oracle $(ARGS)

bench: | $(VENV)/bin/pytest ## Throughput against the same path without a bond; how soon a lab is there
	$(VENV)/bin/python -m bench.throughput
	$(VENV)/bin/python -m bench.bringup

fidelity: | $(VENV)/bin/pytest ## Times of both drivers, side by side: docs/fidelity.md
	$(VENV)/bin/python -m bench.fidelity --write $(ARGS)

box: ## Build a Vagrant box from Debian packages, for labs without a network (root; docs/vagrant.md)
	contrib/vagrant-setup.sh
	contrib/build-box.sh

vagrant-check: | $(VENV)/bin/pytest ## Install Vagrant, then validate the Vagrantfile for libvirt and VirtualBox
	contrib/vagrant-setup.sh
	$(VENV)/bin/pytest tests/vagrant $(ARGS)

vagrant-test: ## Boot the box, run the BladeCenter's cases in it for both drivers, destroy it (root; long)
	contrib/vagrant-test.sh $(ARGS)

relock: ## Refresh requirements.lock to the newest versions that pyproject.toml allows
	@set -euo pipefail; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	$(LOCK_PYTHON) -m venv "$$dir/venv"; \
	"$$dir/venv/bin/pip" install --quiet --disable-pip-version-check pip-tools; \
	CUSTOM_COMPILE_COMMAND="make relock" "$$dir/venv/bin/pip-compile" --quiet --upgrade --extra dev \
	    --allow-unsafe --strip-extras --no-emit-options --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --no-reuse-hashes --output-file requirements.lock pyproject.toml

clean: ## Remove what setup, tools and runs made in this tree (Debian packages stay)
	rm -rf .venv .setup.log .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist bondlab.egg-info artifacts
	find bondimpl lab topologies testcases tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
	rm -rf __pycache__

$(VENV)/bin/pytest:
	@echo "error: no $@: run 'make setup' (as root) first" >&2; exit 1
