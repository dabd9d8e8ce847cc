# Orion on one machine. `make` prints what there is; deploy/local/README.md says how it works.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

ORION_CACHE ?= $(HOME)/.cache/orion
export ORION_CACHE
# Outside the checkout, so that a fresh clone on the same machine finds what was built before.
export CARGO_TARGET_DIR ?= $(ORION_CACHE)/target

ORION_STATE ?= $(CURDIR)/.orion
export ORION_STATE

# How long `make fuzz` runs each target.
FUZZ_SECONDS := $(or $(SECONDS),60)

# How long `make chaos` kills. Its choices are those of SEED, or of CHAOS_SEED; without either, new ones each time.
SECONDS ?= 1800
ifneq ($(origin SEED),undefined)
export CHAOS_SEED ?= $(SEED)
endif

# How many days `make sim` simulates.
SEEDS ?= 2000

# What `make demo` plays: PAYMENTS of SEED, or the payments of INPUT, a PaySim log.
PAYMENTS ?=
SEED ?= 1
INPUT ?=
LOAD = $(if $(PAYMENTS),--payments $(PAYMENTS)) $(if $(INPUT),--input "$(INPUT)",--seed $(SEED))

# One choice of packages and features for all tests: each other one would compile the house once more.
TESTS := cargo test --workspace --features faults

local := deploy/local

.PHONY: help
help: ## Print this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: up ## Start everything, play a day of payments, check the books, launder some money (PAYMENTS, SEED or INPUT=paysim.csv.gz)
	@$(local)/orion.sh load --suspects --out "$(ORION_STATE)/demo.json" $(LOAD)

.PHONY: up
up: ## Start Kafka, PostgreSQL, the schema registry and Orion
	@$(local)/install.sh
	@$(local)/stack.sh up
	@cargo build --release --package orion
	@$(local)/orion.sh up

.PHONY: down
down: ## Stop all of it; the state stays
	@$(local)/stack.sh down

.PHONY: status
status: ## Show what runs
	@$(local)/stack.sh status; $(local)/orion.sh status

.PHONY: clean-state
clean-state: ## Stop all of it and forget everything, every account and payment included
	@$(local)/stack.sh clean

.PHONY: check
check: ## Format, lints, and the tests that need no server
	@$(local)/install.sh
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package faults --all-features -- -D warnings
	$(TESTS) --lib --bins --test '???*'
	$(TESTS) --doc
	$(TESTS) --test it -- tidy simulation watched::queries watched::rules watched::promql

.PHONY: test
test: check ## All tests, on a Kafka, a PostgreSQL and a registry of their own
	@$(local)/with-stack.sh test 10000 $(TESTS) --test it -- \
	  --skip simulation --skip tidy --skip watched::queries --skip watched::rules --skip watched::promql

.PHONY: coverage
coverage: ## How many lines the tests run in their own processes; fails below 70 %
	@$(local)/install.sh
	@$(local)/coverage.sh

.PHONY: sim
sim: ## Simulate the whole house without servers, for SEEDS days; SIM_SEED=n plays one again
	@$(local)/install.sh
	SIM_SEEDS=$(SEEDS) $(TESTS) --test it -- --nocapture simulation

.PHONY: fuzz
fuzz: ## Give each fuzz target bytes that nobody meant, for SECONDS (60); tests/fuzz/README.md says what they are (SEED)
	@$(local)/install.sh
	@$(local)/fuzz.sh $(FUZZ_SECONDS) $(SEED)

.PHONY: chaos
chaos: ## Kill everything, at every phase, for SECONDS; the report goes to target/chaos/report.json (SEED)
	@$(local)/install.sh
	@CHAOS_SECONDS=$(SECONDS) $(local)/with-stack.sh chaos 11000 \
	  $(TESTS) --test it exactly_once::every_death -- --nocapture

.PHONY: drill
drill: ## Back a bank up at work, lose everything, restore it, and measure (PAYMENTS)
	@$(local)/install.sh
	@DRILL_PAYMENTS=$(or $(PAYMENTS),20000) $(local)/with-stack.sh drill 12000 \
	  $(TESTS) --test it backup:: -- --nocapture

.PHONY: chaos-bugs
chaos-bugs: ## Plant every mistake in turn, each of which must be found
	@$(local)/install.sh
	@CHAOS_BUGS=all $(local)/with-stack.sh chaos 11000 \
	  $(TESTS) --test it exactly_once::every_planted -- --nocapture

.PHONY: bench
bench: ## Measure how fast it is, on a stack of its own (benches/README.md: ORION_BENCH_RUNS, ORION_BENCH_HISTORY and others)
	@$(local)/install.sh
	@cargo bench --package orion --bench kafka --bench pipeline --no-run
	@$(local)/with-stack.sh bench 20000 cargo bench --package orion --bench kafka --bench pipeline
