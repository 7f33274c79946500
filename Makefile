# What people run. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: dashboard-tests deploy-tests help run demo dashboard test unit clients api-tests fuzz bench bench-full check ci generated fmt doc clean

CARGO ?= cargo

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

# What weir serves under /. Without npm, `make run` is a weir without pages.
DASHBOARD = cd dashboard && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error && npm run build

dashboard: ## build the pages that weir has in it
	@if [ -f dashboard/package.json ]; then $(DASHBOARD); fi

run: ## build weir and start it on 127.0.0.1:3001, forwarding to api.anthropic.com
	@if command -v npm >/dev/null; then $(MAKE) dashboard; \
	else echo "run: there is no npm here, so weir gets no pages" >&2; fi
	$(CARGO) build --release -p weir
	exec target/release/weir serve

demo: ## see it work without an API key: weir, a mock provider and a short agent session
	$(CARGO) build -p weir
	exec target/debug/weir demo $(DEMO_ARGS)

test: ## install what the tests need, then run them all
	scripts/prepare-tests.sh
	$(MAKE) unit clients api-tests dashboard-tests deploy-tests

unit: ## the Rust tests alone
	$(CARGO) test --workspace --all-targets --locked
	$(CARGO) test --workspace --doc --locked

clients: ## the real agents and SDKs through weir, against the mock
	$(CARGO) build -p weir --locked
	tests/clients/run

api-tests: ## whatever the description of the API allows, asked of a real weir
	$(CARGO) build -p weir --locked
	tests/api/run

dashboard-tests: ## the dashboard: built, checked, and tried in a browser against weir and its mock
	$(CARGO) build -p weir --locked
	$(MAKE) dashboard
	cd dashboard && npm run api -- --check && npm run check && npm run lint && npm test && npm run e2e

deploy-tests: ## image, compose files, chart, unit, board and alerts, and what the documentation names
	$(CARGO) build -p weir --locked
	tests/deploy/run

fuzz: ## look for inputs that break a parser or translator, five minutes for each target
	scripts/fuzz.sh $(FUZZ_ARGS)

bench: ## weir beside nginx on this machine, and hits of its cache, about four minutes besides building
	scripts/prepare-bench.sh
	$(CARGO) build --profile dist -p weir
	$(CARGO) build --release -p weir-bench
	target/release/weir-bench compare --quick --weir target/dist/weir
	$(CARGO) bench -p weir-proxy --bench cache

bench-full: ## the same with all cases, about ten minutes
	scripts/prepare-bench.sh
	$(CARGO) build --profile dist -p weir
	$(CARGO) build --release -p weir-bench
	target/release/weir-bench compare --full --weir target/dist/weir

check: ## format, lints and the walls between crates
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	scripts/check-walls.sh
	scripts/check-generated.sh

ci: check test ## what a change must pass

generated: ## write again what is generated from the code
	$(CARGO) run -q -p weir -- config schema > schema/weir.schema.json
	$(CARGO) run -q -p weir -- config reference > docs/configuration.md
	$(CARGO) run -q -p weir -- openapi > schema/openapi.json
	@if [ -d dashboard/node_modules ]; then cd dashboard && npm run -s api; \
	else echo "generated: dashboard/src/lib/api/schema.d.ts is as before; it needs npm ci in dashboard" >&2; fi

fmt: ## format everything
	$(CARGO) fmt --all

doc: ## the Rust documentation
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

clean: ## remove what was built
	$(CARGO) clean
