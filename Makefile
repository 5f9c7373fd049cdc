# Every target works on a clean checkout. Only the race detector needs cgo; everything else is built without.

GO ?= go
export CGO_ENABLED = 0
SHELL = /bin/bash -o pipefail

# The interop tests start peers and measure: they run on their own.
INTEROP = ./internal/interop ./bench/compare
PACKAGES = $(shell $(GO) list ./... | grep -Ev '/(internal/interop|bench/compare)$$')

# Systems that must compile although the tests do not run there.
CROSS ?= darwin/arm64 freebsd/amd64 openbsd/amd64 windows/amd64 linux/386 linux/arm

FUZZTIME ?= 30s
SEEDS ?= 10000
BENCH ?= .
BENCHCOUNT ?= 10
BENCHTIME ?= 1s

# Tests of package ike, which starts no goroutine, whose many seeds and messages would show the race detector nothing; unit runs them.
UNRACED = ^Test(Noise|NoiseRepeats|HandoverInNoise|Hostile.*)$$

# Of the comparison: rounds, seconds of each TCP transfer, a regular expression for the systems, rounds of the throughput by packet size.
ROUNDS ?= 5
SECONDS ?= 3
SYSTEMS ?= .
SWEEP ?= 3
COMPARE = $(GO) test -count=1 -timeout 0 ./bench/compare -seconds $(SECONDS) -systems '$(SYSTEMS)'

.PHONY: all build test unit race simulate soak fuzz fuzz-smoke browser interop peers bench bench-go demo lint fmt-check vet cross arch tidy-check

all: build lint unit

build: ## the binary, in bin/
	$(GO) build ./...
	$(GO) build -trimpath -o bin/seikan ./cmd/seikan

test: ## everything that can run here; says what was left out
	scripts/test.sh

unit: ## all tests but interop
	$(GO) test $(PACKAGES)

race: ## the same with the race detector, in random order; without what has nothing to race
	CGO_ENABLED=1 $(GO) test -race -shuffle=on -skip '$(UNRACED)' $(PACKAGES)

simulate: ## two IKE endpoints in SEEDS networks that lose, repeat and reorder
	$(GO) test -count=1 -timeout 20m -run '^TestNoise$$' ./ike -seeds $(SEEDS)

soak: ## the same in a million; and as root on Linux a gigabyte through each kind of tunnel
	for first in $$(seq 0 10000 990000); do \
		$(GO) test -count=1 -timeout 20m -run '^TestNoise$$' ./ike -first $$first -seeds 10000 || exit 1; \
	done
	if [ "$$(id -u)" = 0 ]; then $(GO) test -count=1 -timeout 2h -run '^TestTransfer(Otherwise)?$$' ./internal/interop -octets 1000000000; fi

fuzz: ## every fuzz target for FUZZTIME
	scripts/fuzz-smoke.sh $(FUZZTIME)

fuzz-smoke: ## every fuzz target for a few seconds
	scripts/fuzz-smoke.sh

browser: ## the page of the monitoring in a headless Chromium
	SEIKAN_BROWSER=1 $(GO) test -count=1 -timeout 10m -run '^TestPage' ./internal/web

interop: ## against real peers: root on Linux, after make peers
	$(GO) test -count=1 -p 1 -parallel 4 -timeout 15m $(INTEROP)

peers: ## install what the interop and browser tests need (root, Debian)
	scripts/install-peers.sh

bench: ## the router beside others, in bench/out.md and bench/out.svg (root, Linux, after make peers)
	SEIKAN_REQUIRE_INTEROP=1 $(COMPARE) -run '^TestComparison$$' -rounds $(ROUNDS) -report $(CURDIR)/bench/out.md
	@cat bench/out.md
	SEIKAN_REQUIRE_INTEROP=1 $(COMPARE) -run '^TestBySize$$' -sweep $(SWEEP) -plot $(CURDIR)/bench/out.svg

bench-go: ## BENCHCOUNT runs of the Go benchmarks that match BENCH, in bench/out.txt, for benchstat
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem -count $(BENCHCOUNT) -timeout 0 $(PACKAGES) | tee bench/out.txt

demo: ## two routers in one process, and what the operator sees
	$(GO) run ./cmd/seikan demo

lint: fmt-check vet arch

fmt-check:
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt these files:"; echo "$$bad"; exit 1; fi

vet:
	$(GO) vet ./...

cross: ## compile for the systems in CROSS
	@for target in $(CROSS); do \
		echo "build $$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} $(GO) build ./... || exit 1; \
	done

arch: ## import edges, purity, file sizes
	$(GO) test -run '^TestArchitecture' .

tidy-check: ## go.mod and go.sum say what the code needs
	$(GO) mod tidy -diff
