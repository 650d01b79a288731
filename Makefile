# make demo   builds, then runs the main job on the simulated lab (no root, no network, no hardware)
# make test   installs what the tests need, then runs all tests with the race detector
# make help   lists the rest

export CGO_ENABLED ?= 0
BIN := bin/hueprint
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: help build demo test lint bench fuzz generate clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build bin/hueprint
	@start=$$(date +%s); \
	go build -trimpath -tags nomsgpack -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/hueprint && \
	echo "built $(BIN) in $$(( $$(date +%s) - start )) s"

demo: build ## the main job on the simulated lab: four gateways, one report
	$(BIN) demo

test: ## install what the tests need, run all tests
	./scripts/test

lint: ## gofmt, vet, staticcheck
	./scripts/lint

bench: ## benchmarks of decode, test and analysis, with allocations
	go test -run '^$$' -bench . -benchmem ./traffic/... ./pcapng ./analysis/... ./capture/...

fuzz: ## each fuzz target for FUZZTIME (default 30s)
	./scripts/fuzz $(or $(FUZZTIME),30s)

generate: ## rewrite the generated schemas and golden files
	go test ./config ./reports/... -update

clean: ## remove what make built
	rm -rf bin
