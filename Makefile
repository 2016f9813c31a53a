# The two commands of the README are `make demo` and `make test`.

export CARGO_TARGET_DIR ?= $(CURDIR)/target

.PHONY: help build demo test bench clean

help: ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

build: ## Build the program
	scripts/setup.sh
	cargo build --release --locked

# The same build as for the tests: one serves both.
demo: ## Simulate a small state, train both models on it, compare them
	scripts/setup.sh
	cargo build --release --locked --workspace --tests
	scripts/demo.sh

test: ## Check everything that CI checks
	scripts/setup.sh test
	scripts/test.sh

bench: ## Measure the inner loops
	scripts/setup.sh
	cargo bench --workspace

clean: ## Remove what was built and what the demo made
	cargo clean
	rm -rf demo
