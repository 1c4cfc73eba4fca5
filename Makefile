# Everything can be run on a bare Debian machine with Go, as root.

GO      ?= go
LDFLAGS := -s -w
LINT    := $(GO) tool -modfile=scripts/lint/go.mod golangci-lint

.PHONY: build test race demo bench lint deps clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./plugins/...

# test passes all tests: unit, fuzz seeds, contract, kernel, black box.
test: deps
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

# race runs what can run with the race detector.
race: deps
	CGO_ENABLED=1 $(GO) test -race -timeout 20m ./internal/... ./pkg/... ./plugins/...

demo: deps build
	$(GO) build -o bin/ ./scripts/probe github.com/containernetworking/cni/cnitool
	scripts/demo

bench: deps build
	scripts/bench

lint:
	$(LINT) run ./...
	scripts/limits

deps:
	@scripts/deps

clean:
	rm -rf bin
