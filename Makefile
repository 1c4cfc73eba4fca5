# Nothing has to be prepared by hand: each target installs what it needs (scripts/deps).
# "make help" lists the targets.

GO := go
# Without inlining the executables are a twelfth smaller. Where most instructions of an ADD are, it stays on:
# that takes 25 % of them away for 1.3 % of the size. Assembly for hash functions that see a few bytes (purego leaves
# it out) and the room between functions are another 2 %. Types that generic code is compiled for are spelled out in the
# names of its functions, up to maxshapelen characters. A slice of a size known only when it is made goes to the heap
# (variablemakethreshold): to try the stack first is code at each place, 20 KB. Whether an iterator goes on after its loop
# has ended is for tests to see, which are built without these words (rangefunccheck, 6 KB).
INLINED := runtime internal/runtime/... internal/abi internal/sync sync/... strconv internal/strconv unicode/utf8 vethbridge/internal/plainjson
SMALLER := maxshapelen=64,variablemakethreshold=0,rangefunccheck=0
# What "vethbridge version" says: a tag alone is a release. From sources without git: make build DESCRIBED=v1.2.3
DESCRIBED := $(shell git describe --tags --match 'v[0-9]*' --always --dirty 2>/dev/null)
FLAGS := -trimpath -buildvcs=false -tags=purego "-gcflags=all=-l -d=$(SMALLER)" $(INLINED:%=-gcflags=%=-d=$(SMALLER)) -ldflags='-s -w -funcalign=1 -X vethbridge/internal/release.described=$(DESCRIBED)'
BIN := bin
# The collector that is new in Go 1.26 has its marks at the end of each span of objects: one more page that is touched for
# each kind of them, a tenth of all that a call touches. It is 45 KB larger, too. A Go that has no other knows no such choice.
COLLECTOR := $(shell GOEXPERIMENT=nogreenteagc $(GO) version >/dev/null 2>&1 && echo GOEXPERIMENT=nogreenteagc)
BUILD := CGO_ENABLED=0 $(COLLECTOR) $(GO) build $(FLAGS)
# What real runtimes need beside ours, and what ours are compared with.
PEERS := $(addprefix github.com/containernetworking/plugins/plugins/,main/loopback main/bridge ipam/host-local ipam/dhcp meta/portmap)
LINT := $(GO) tool -modfile=scripts/lint/go.mod golangci-lint

.PHONY: help build man schema test unit blackbox record test-runtimes test-vm demo bench figures lint deps clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 26

build: ## both executables, into bin/
	$(BUILD) -o $(BIN)/ ./plugins/...

man: schema ## the manual pages, from the commands and docs/reference.md, into docs/man
	$(GO) run ./scripts/man docs/reference.md docs/man

schema: ## the JSON Schemas of the configs, from the structs that they are decoded into, into conf/schema
	$(GO) test -count=1 -run=TestTheSchemaOf ./pkg/ipam ./plugins/... -update

test: unit blackbox ## all tests

unit: deps ## unit, fuzz seeds, contract and kernel tests, with the race detector
	$(GO) test -race -timeout 20m ./internal/... ./pkg/... ./plugins/... ./scripts/...
	@# Processes share no memory: these would only be slower with the race detector.
	$(GO) test -timeout 20m -run 'Kill' ./pkg/ipam
	$(GO) -C integration/bench test .

blackbox: deps ## the built executables in private namespaces, with real packets
	@# Those that may run beside each other wait for the kernel most of the time, not for a processor.
	$(GO) test -count=1 -timeout 40m -parallel 8 ./integration

record: deps ## keeps what this tree makes as that of a release, for later ones to go on with: make record RELEASE=1.2.3
	$(GO) test -count=1 ./integration -run TestAttachmentsOfEveryRelease -args -record $(RELEASE)

# A part of it, which leaves the tables of conformance alone: make test-runtimes RUN=Podman5 TOOLS=trixie.log
TOOLS := crictl containerd2/containerd nerdctl/nerdctl flanneld kubelet trixie.log
test-runtimes: SHELL := /bin/bash -o pipefail
test-runtimes: build $(TOOLS:%=.cache/runtimes/%) ## real podman, containerd, nerdctl, flannel and kubelet on private machines
	@scripts/deps runtimes
	$(BUILD) -o .cache/runtimes/ ./plugins/... ./scripts/probe $(PEERS) github.com/containernetworking/cni/cnitool
ifdef RUN
	$(GO) test -v -count=1 -timeout 20m -run '$(RUN)' ./integration/runtimes
else
	$(GO) test -v -count=1 -run 'Sample|WayOfCalling|CRIO' ./integration | tee .cache/runtimes.log
	$(GO) test -v -count=1 -timeout 20m ./integration/runtimes | tee -a .cache/runtimes.log
	$(GO) run ./scripts/conformance .cache/runtimes.log docs/conformance.md
endif

# These take a minute or two, so they are built once; their dependencies are none of the product's.
.cache/runtimes/crictl: integration/runtimes/tools/crictl/go.mod
	CGO_ENABLED=0 $(GO) -C integration/runtimes/tools/crictl build $(FLAGS) -o $(CURDIR)/$@ github.com/kubernetes-sigs/cri-tools/cmd/crictl
	@touch $@

.cache/runtimes/containerd2/containerd: integration/runtimes/tools/containerd/go.mod
	CGO_ENABLED=0 $(GO) -C integration/runtimes/tools/containerd build $(FLAGS) -o $(CURDIR)/$(@D)/ tool
	@touch $@

.cache/runtimes/nerdctl/nerdctl: integration/runtimes/tools/nerdctl/go.mod
	CGO_ENABLED=0 $(GO) -C integration/runtimes/tools/nerdctl build $(FLAGS) -o $(CURDIR)/$(@D)/ tool
	@touch $@

.cache/runtimes/kubelet: integration/runtimes/tools/kubelet/go.mod
	CGO_ENABLED=0 $(GO) -C integration/runtimes/tools/kubelet build $(FLAGS) -o $(CURDIR)/$@ k8s.io/kubernetes/cmd/kubelet
	@touch $@

# Its backend udp is written in C.
.cache/runtimes/flanneld: integration/runtimes/tools/flannel/go.mod | deps
	@scripts/deps
	CGO_ENABLED=1 $(GO) -C integration/runtimes/tools/flannel build $(FLAGS) -o $(CURDIR)/$@ github.com/flannel-io/flannel
	@touch $@

# A newer Debian in a folder, for podman 5 and docker. What debootstrap mounts there goes with it, if it is killed too.
.cache/runtimes/trixie.log:
	@scripts/deps runtimes
	rm -rf --one-file-system $(@D)/trixie
	@mkdir -p $(@D)
	unshare --mount debootstrap --variant=minbase --include=podman,netavark,nftables,iptables,iproute2,runc,uidmap,passt,docker.io,docker-cli trixie $(@D)/trixie >$@.part
	mv $@.part $@

test-vm: deps build ## what needs another kernel, in a virtual machine: VLANs, SCTP, and none of IPv6
	CGO_ENABLED=0 $(GO) test -c -tags vm -o .cache/vm/payload/ ./integration
	cp bin/* .cache/vm/payload/
	scripts/vm .cache/vm/payload env VETHBRIDGE_BUILT=/payload ./integration.test -test.v -test.run='VLAN|Trunk|SCTP'
	KERNEL_PARAMETERS=ipv6.disable=1 scripts/vm .cache/vm/payload env VETHBRIDGE_BUILT=/payload ./integration.test -test.v -test.run=TestAKernelWithoutIPv6

demo: deps build ## the main job on real namespaces, with pictures
	$(BUILD) -o .cache/demo/ ./scripts/probe github.com/containernetworking/cni/cnitool
	scripts/demo

# In mounts of its own, which end with it: the names of its namespaces are such. What was measured is drawn, whatever failed.
bench: build ## ours beside the reference plugins, docker and podman in the same run: .cache/bench.md, .json, pictures
	@scripts/deps bench
	@mkdir -p .cache
	unshare --mount $(GO) -C integration/bench run . -ours $(CURDIR)/bin -json $(CURDIR)/.cache/bench.json -markdown $(CURDIR)/.cache/bench.md $(BENCH); \
	status=$$?; $(GO) -C integration/bench run ./plot $(CURDIR)/.cache/bench.json $(CURDIR)/.cache && exit $$status

figures: ## of the last "make bench" into the documents: the tables that a comment names, and the pictures
	$(GO) -C integration/bench run . -document $(CURDIR)/.cache/bench.json $(CURDIR)/docs/performance.md $(CURDIR)/README.md
	cd docs/img && for picture in *.svg; do test ! -e $(CURDIR)/.cache/$$picture || cp $(CURDIR)/.cache/$$picture .; done

lint: deps ## formatting, vet, import rules, length of functions and files
	$(LINT) run ./...
	cd integration/bench && $(GO) tool -modfile=../../scripts/lint/go.mod golangci-lint run ./...

deps:
	@scripts/deps

clean: ## removes what was built
	rm -rf --one-file-system bin .cache
