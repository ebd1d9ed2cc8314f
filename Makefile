# Everything runs with Go alone: GOTOOLCHAIN=auto fetches the toolchain that go.mod names.
export GOTOOLCHAIN = auto
GO ?= go

.PHONY: help demo test race bench lint fmt api ci

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the main job: fraud detection on 500,000 payments, in this process
	$(GO) run ./examples/fraud

test: ## all tests
	$(GO) test ./...

race: ## all tests with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./...

bench: ## the engine: chain, exchange, state, windows, in benchstat's format; PKG=./... BENCH=. runs all, COUNT=n repeats
	$(GO) test -run '^$$' -bench '$(or $(BENCH),Chain|Hop|State|TumblingCount)' -benchmem -count $(or $(COUNT),1) $(or $(PKG),./stream)

lint: ## formatting and linters, as in CI
	.ci/run vet format lint

fmt: ## formats the sources
	$(GO) run mvdan.cc/gofumpt@v0.12.0 -w .

api: ## writes api.txt, the exported surface, anew
	$(GO) test ./internal/arch -run TestAPI -update

ci: ## what a change must pass
	.ci/run

# Targets that need more than Go (a broker, ONNX Runtime) go below, each with what it needs.

.PHONY: bench-onnx
bench-onnx: ## the ONNX engine by turns with another: TURGO_ONNX_ZOO=folder of models, TURGO_ONNX_PEER=command; see docs/bench/onnx.md
	$(GO) test -run '^$$' -bench Peer -benchtime 1x -cpu 1 -timeout 60m ./inference/onnx

.PHONY: conformance
conformance: ## the official ONNX backend cases (needs Python; PyPI the first time), against inference/onnx/conformance/known.txt
	inference/onnx/conformance/run.sh

.PHONY: kafka-test
kafka-test: ## the Kafka connector against real brokers that are killed (needs Java 17 and Maven); KILLS=100 BROKER_KILLS=20 is the long form
	scripts/kafka-test.sh test

.PHONY: bench-kafka
bench-kafka: ## source, sink and exactly-once loop beside sarama's and franz-go's clients (needs Java 17 and Maven); see docs/bench/kafka.md
	scripts/kafka-test.sh bench

.PHONY: peers
peers: ## NEXMark by turns with another engine: TURGO_NEXMARK_PEER=command that takes a query and prints its lines of JSON; see docs/bench/nexmark.md
	scripts/nexmark-peers.sh $(QUERIES)
