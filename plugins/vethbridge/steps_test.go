package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"vethbridge/integration/testbed"
	"vethbridge/internal/attachment"
	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/netns"
	"vethbridge/internal/steps"
	"vethbridge/pkg/nat"
)

var errInjected = errors.New("injected")

// TestAFailureOfEachStepOfAnAddLeavesTheHostAsBefore lets each step fail in turn, twice, in every
// list of steps that there is. Afterwards the whole list succeeds.
func TestAFailureOfEachStepOfAnAddLeavesTheHostAsBefore(t *testing.T) {
	ranges := testbed.Config{"ranges": []any{[]any{testbed.Config{"subnet": "10.99.0.0/24"}}, []any{testbed.Config{"subnet": "fd99::/64"}}}}
	for name, keys := range map[string]testbed.Config{
		"built-in IPAM":  {"ipam": ranges, "isDefaultGateway": true, "ipMasq": true},
		"IPAM plugin":    {"ipam": testbed.Config{"type": "answers"}, "isDefaultGateway": true, "ipMasq": true},
		"layer 2 only":   {},
		"moved uplink":   {"ipam": ranges, "isDefaultGateway": true, "uplink": "uplink", "uplinkMoveAddresses": true},
		"foreign bridge": {"ipam": ranges, "isDefaultGateway": true, "bridge": "foreign0", "promiscMode": true},
	} {
		t.Run(name, func(t *testing.T) {
			h := testbed.NewHost(t)
			h.Run("ip", "link", "add", "foreign0", "address", "02:00:00:00:00:99", "type", "bridge")
			h.Run("ip", "link", "set", "foreign0", "up") // it gets its queue
			h.Run("ip", "link", "set", "foreign0", "down")
			h.Run("iptables-nft", "-P", "FORWARD", "DROP") // through which bridges have to be let
			ipamPlugin(t)
			config := testbed.Config{"name": "demo", "type": "vethbridge", "bridge": "demo0"}
			for key, value := range keys {
				config = config.With(key, value)
			}
			r := cni.Request{
				Owner: attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}, Netns: h.NewContainer(),
				Config: []byte(config.JSON()), StateDir: h.StateDir, Log: slog.New(slog.DiscardHandler),
			}
			before := h.Snapshot()
			for failing := 0; failing >= 0; {
				first, last := attempt(t, r, failing)
				h.Same(t, before)
				if again, _ := attempt(t, r, failing); first.Error() != again.Error() {
					t.Errorf("the retry says %q, the first try said %q", again, first)
				}
				h.Same(t, before)
				if failing++; last {
					failing = -1
				}
			}
			r.Config = []byte(config.With("removeBridge", true).JSON())
			if err, _ := attempt(t, r, -1); err != nil {
				t.Errorf("without a failure: %v", err)
			}
			if err := del(context.Background(), r); err != nil {
				t.Errorf("DEL: %v", err)
			}
			h.Run("ip", "link", "set", "foreign0", "down", "promisc", "off") // which its use has asked for
			h.Same(t, before)
		})
	}
}

// attempt runs the steps of an ADD with one of them failing, or none, and reports whether it was the
// last.
func attempt(t *testing.T, r cni.Request, failing int) (err error, last bool) {
	t.Helper()
	cfg, err := decodeConfig(&r)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := netns.Open(r.Netns)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	h, err := host.Open(r.StateDir, r.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	inside := links.In(ns)
	defer inside.Close()
	list := (&adding{host: h, req: r, cfg: cfg, ns: ns, inside: inside, backend: nat.Nftables}).steps()
	if failing >= 0 {
		list[failing].Do = func(context.Context) error { return errInjected }
	}
	err = steps.Run(context.Background(), r.Log, list)
	if failed, ok := steps.Failed(err); failing >= 0 && (!ok || !errors.Is(err, errInjected) || len(failed.Undo) > 0) {
		t.Errorf("step %q fails: %v", list[failing].Name, err)
	}
	return err, failing == len(list)-1
}

// ipamPlugin puts a plugin that always gives the same addresses into CNI_PATH.
func ipamPlugin(t *testing.T) {
	dir := t.TempDir()
	const script = `#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"10.99.0.2/24","gateway":"10.99.0.1"},{"address":"fd99::2/64","gateway":"fd99::1"}]}'
`
	if err := os.WriteFile(filepath.Join(dir, "answers"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CNI_PATH", dir)
}
