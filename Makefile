# rdo.releng: "make help" says what there is. Everything is put below .venv and .build, which "make clean" removes.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

export LC_ALL := C.UTF-8
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build
export ANSIBLE_FORCE_COLOR ?= $(if $(CI),0,)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_OVERRIDE := $(CURDIR)/.ci/uv-overrides.txt
# One Python that both the system packages and the virtual environment know.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.11 /usr/bin/python3.12 /usr/bin/python3))
BIN := $(CURDIR)/.venv/bin
UV := $(BIN)/uv
COLLECTION := .build/ansible_collections/rdo/releng

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-27s %s\n", $$1, $$2}' Makefile

## Installation

.PHONY: system-packages
system-packages: ## Install the system packages of bindep.txt that are missing
	@.ci/system-packages

.venv/bin/uv:
	@echo "Making the virtual environment .venv"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv==0.13.8

.venv/run.done: requirements.txt | .venv/bin/uv system-packages
	@$(UV) pip install --quiet --compile-bytecode --require-hashes --python $(BIN)/python -r requirements.txt
	touch $@

.venv/dev.done: requirements-dev.txt | .venv/bin/uv system-packages
	@$(UV) pip install --quiet --compile-bytecode --require-hashes --python $(BIN)/python -r requirements-dev.txt
	touch $@ .venv/run.done

# DLRN as the role dlrn_builder installs it, for the integration tests.
DLRN := .build/dlrn
$(DLRN)/done: roles/dlrn_builder/files/dlrn-requirements.txt | .venv/bin/uv
	@$(UV) venv --quiet --clear --python $(PYTHON) $(DLRN)
	$(UV) pip install --quiet --compile-bytecode --require-hashes --python $(DLRN)/bin/python -r $<
	touch $@

# Zuul, the Ansible that its executor runs, and the trunk that its jobs work on.
ZUUL := .build/zuul
$(ZUUL)/done: tests/zuul/requirements.txt tests/zuul/ansible-requirements.txt | .venv/bin/uv
	@.ci/system-packages zuul
	for part in venv:requirements ansible/11:ansible-requirements; do
	  $(UV) venv --quiet --clear --python $(PYTHON) $(ZUUL)/$${part%:*}
	  $(UV) pip install --quiet --compile-bytecode --require-hashes --python $(ZUUL)/$${part%:*}/bin/python -r tests/zuul/$${part#*:}.txt
	done
	ln -sfn 11 $(ZUUL)/ansible/9 # the executor wants every version that a job could ask for
	touch $@

# What consumes messages, and what the tests from events to artifacts need besides.
EVENTS := .build/events
$(EVENTS)/done: tests/events/requirements.txt | .venv/bin/uv system-packages
	@.ci/system-packages events
	$(UV) venv --quiet --clear --python $(PYTHON) $(EVENTS)
	$(UV) pip install --quiet --compile-bytecode --require-hashes --python $(EVENTS)/bin/python -r $<
	touch $@

# What the site of the documentation is built with.
SITE := .build/site
$(SITE)/done: .ci/site/requirements.txt | .venv/bin/uv
	@$(UV) venv --quiet --clear --python $(PYTHON) $(SITE)
	$(UV) pip install --quiet --require-hashes --python $(SITE)/bin/python -r $<
	touch $@

# What plays in an image.
NAVIGATOR := .build/navigator
$(NAVIGATOR)/done: tests/execution_environment/requirements.txt | .venv/bin/uv
	@$(UV) venv --quiet --clear --python $(PYTHON) $(NAVIGATOR)
	$(UV) pip install --quiet --compile-bytecode --require-hashes --python $(NAVIGATOR)/bin/python -r $<
	touch $@

$(COLLECTION):
	@mkdir -p $(dir $@)
	ln -sfn $(CURDIR) $@

# What the quickstart builds from source, and no wheel is packed of: by most profiles, and by those that have their own.
TRUNK := debtcollector glance keystone oslo.config oslo.i18n oslo.utils stevedore
TRUNK_OF_CLOUD := glance keystone keystonemiddleware neutron neutron-lib nova openstack-placement os-vif oslo.db oslo.messaging ovsdbapp
TRUNK_OF_VOLUME := $(TRUNK) cinder

.PHONY: requirements
requirements: .venv/bin/uv ## Pin requirements*.in anew in requirements*.txt
	for file in requirements requirements-dev roles/dlrn_builder/files/dlrn-requirements roles/event_consumer/files/requirements \
	  roles/compose_image/files/requirements tests/{events,execution_environment,zuul}/requirements \
	  tests/zuul/ansible-requirements .ci/site/requirements; do
	  $(UV) pip compile --quiet --upgrade --generate-hashes --python-version 3.11 --no-header --no-annotate $$file.in -o $$file.txt
	done
	for file in roles/quickstart/files/{base,keystone,glance,cloud,volume}-wheels tests/zuul/trunk-wheels; do
	  case $$file in
	    */cloud-wheels) trunk=($(TRUNK_OF_CLOUD:%=--no-emit-package %)) ;;
	    */volume-wheels) trunk=($(TRUNK_OF_VOLUME:%=--no-emit-package %)) ;;
	    *) trunk=($(TRUNK:%=--no-emit-package %)) ;;
	  esac
	  $(UV) pip compile --quiet --upgrade --generate-hashes --python-version 3.11 --no-header --no-annotate \
	    "$${trunk[@]}" $$file.in -o $$file.txt
	done

## Use

.PHONY: quickstart
quickstart: .venv/run.done $(DLRN)/done $(COLLECTION) ## The whole pipeline on this machine; PROFILE=keystone deploys a service, UPGRADE=1 upgrades it, FAULT=... shows a gate
	@PROFILE="$(PROFILE)" UPGRADE="$(UPGRADE)" .ci/quickstart "$(FAULT)"

## Checks

.PHONY: test
test: lint units contract integration ## Everything that must pass before a change lands

.PHONY: lint
lint: .venv/dev.done $(COLLECTION) ## Ruff, mypy, ansible-lint, shellcheck, ansible-test sanity, documentation and changelog lint
	@.ci/lint

.PHONY: units
units: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Unit tests
	@$(BIN)/pytest -q --numprocesses 2 --dist loadfile tests/unit
	$(BIN)/pytest -q --numprocesses 2 -k "not minutes" tests/fuzz

.PHONY: fuzz
fuzz: .venv/dev.done $(COLLECTION) ## Damaged documents for all that reads strangers' text, always others, for MINUTES=15
	@$(BIN)/pytest -q -s tests/fuzz -k minutes --minutes $(or $(MINUTES),15)

.PHONY: contract
contract: .venv/dev.done $(COLLECTION) ## What a Koji hub and a Gerrit do; on doubles, or on KOJI_HUB_URL, GERRIT_URL
	@$(BIN)/pytest -q tests/contract/gerrit
	.ci/system-packages release
	$(BIN)/pytest -q --numprocesses 2 -m "not long" tests/contract/koji

.PHONY: test-release
test-release: .venv/dev.done $(COLLECTION) ## A small release with real packages, also killed at each of its stages; a series begins
	@.ci/system-packages release
	$(BIN)/pytest -q tests/contract/koji/test_small_ga.py tests/contract/koji/test_end_release.py tests/contract/koji/test_new_series.py

# The tests of a file follow each other in one process. Three processes, so that the longest files begin at once, on the
# two cores that this is made for; trunk to promotion has one that is longer than all others.
SIDE_BY_SIDE := --durations 20 --dist loadfile --no-loadscope-reorder -m "not long"

.PHONY: integration
integration: .venv/dev.done $(DLRN)/done $(ZUUL)/done $(EVENTS)/done $(COLLECTION) ## Tests with the real rpmbuild, dnf, gpg, DLRN, Tempest, a cloud and Zuul, on loopback
	@.ci/system-packages monitoring
	@.ci/system-packages release
	@$(BIN)/pytest -q --numprocesses 3 $(SIDE_BY_SIDE) tests/integration tests/keystone tests/cloud tests/zuul tests/events

.PHONY: test-trunk
test-trunk: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Of these, trunk to promotion: builds, candidates, votes, the gate, promotions, the quickstart
	@$(BIN)/pytest -q --numprocesses 2 $(SIDE_BY_SIDE) tests/integration/test_{quickstart,clean_root,dlrn_*,killed_dlrn,playbooks,promotion_gate,role_*,run_report,stage}.py

.PHONY: test-keystone
test-keystone: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Of these, Keystone from its commits to its promotion, judged by Tempest
	@$(BIN)/pytest -q tests/keystone

.PHONY: test-storage
test-storage: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Glance, and Cinder, beside Keystone, from nothing to their promotion; not in make test
	@$(BIN)/pytest -q tests/storage

.PHONY: test-cloud
test-cloud: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Of these, five services on a database server, a broker and OVN; with each bad commit, which make test leaves out
	@$(BIN)/pytest -q tests/cloud

.PHONY: test-zuul
test-zuul: .venv/dev.done $(DLRN)/done $(ZUUL)/done $(COLLECTION) ## What a real Zuul does with the jobs of zuul.d, with what takes too long for make test
	@$(BIN)/pytest -q --numprocesses 2 --dist loadfile tests/zuul

.PHONY: test-events
test-events: .venv/dev.done $(EVENTS)/done $(COLLECTION) ## From events to artifacts, with what takes too long for make test
	@command -v java > /dev/null || .ci/system-packages rulebook
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile tests/events

.PHONY: test-distgits
test-distgits: .venv/dev.done $(COLLECTION) ## Bots that keep distgits, killed and run again; with what takes too long for make test
	@$(BIN)/pytest -q tests/integration/test_killed_bots.py

.PHONY: test-newcomers
test-newcomers: .venv/dev.done $(COLLECTION) ## The tarball on each supported ansible-core, as an installer takes it
	@$(BIN)/pytest -q tests/integration/test_newcomers.py

.PHONY: test-hosts
test-hosts: .venv/dev.done $(DLRN)/done $(COLLECTION) ## Whole machines with systemd, reached over SSH: units, timers, a web server, restarts; not in make test
	@.ci/system-packages hosts
	$(BIN)/pytest -q tests/hosts

.PHONY: test-execution-environment
test-execution-environment: .venv/dev.done $(DLRN)/done $(NAVIGATOR)/done $(COLLECTION) ## The image of execution-environment.yml, built and used; on EE_BASE_IMAGE, or a stand-in; not in make test
	@.ci/system-packages images
	$(BIN)/pytest -q tests/execution_environment

.PHONY: bench
bench: .venv/dev.done $(COLLECTION) ## Measure beside the peers and print the ratios
	@for script in tests/bench/bench_*.py; do $(BIN)/python $$script; done

.PHONY: docs
docs: $(SITE)/done $(COLLECTION) ## The documentation as a site in .build/docs/html
	@.ci/site/build

.PHONY: clean
clean: ## Remove what make made, the quickstart's folder included
	@.ci/quickstart clean
	rm -rf .venv .build .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output
