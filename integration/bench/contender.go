package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
)

type config = map[string]any

// attacher attaches and detaches containers in its own way. It is called in its host's
// namespace.
type attacher interface {
	add(c container) error
	del(c container) error
}

// contender is one of those that are compared.
type contender struct {
	Name string
	// attach makes the attacher for a scenario on a host.
	attach func(s scenario, h *host) (attacher, error)
	// most is how many ports it is asked for without -full, crowd how many others it is measured
	// beside: beyond, it takes minutes.
	most, crowd int
}

// The names of the contenders.
const (
	oursNft      = "ours, nftables"
	oursIptables = "ours, iptables"
	refIptables  = "reference, iptables"
	refNft       = "reference, nftables"
	floorName    = "floor: kernel calls"
	calledFloor  = "floor, as CNI plugins"
)

const unlimited = 1 << 16

// contenders are ours and the reference plugins, each with either backend, the kernel alone, and the kernel called through
// libcni by two programs that have CNI's library for plugins.
func (b *bench) contenders() []contender {
	return append(b.plugins(), contender{floorName, b.bare, unlimited, unlimited},
		contender{calledFloor, b.cni(b.reference(), floorChain), unlimited, unlimited})
}

// nearest are ours with nftables and both floors: those that are near each other.
func (b *bench) nearest() []contender {
	return slices.DeleteFunc(b.contenders(), func(c contender) bool {
		return c.Name != oursNft && c.Name != floorName && c.Name != calledFloor
	})
}

// plugins are those of them that are called through libcni.
func (b *bench) plugins() []contender {
	return []contender{
		{oursNft, b.cni(b.ours, ourChain("nftables")), unlimited, unlimited},
		{oursIptables, b.cni(b.ours, ourChain("iptables")), unlimited, 1000},
		{refIptables, b.cni(b.reference(), referenceChain("iptables")), 100, 200},
		{refNft, b.cni(b.reference(), referenceChain("nftables")), unlimited, 200},
	}
}

// chain makes the plugins of a conflist for one bridge.
type chain func(s scenario, bridge int, dir string) []config

// cni attaches by a chain of the plugins in a directory.
func (b *bench) cni(plugins string, of chain) func(scenario, *host) (attacher, error) {
	return func(s scenario, h *host) (attacher, error) { return newCNI(plugins, of, s, h.dir), nil }
}

func (b *bench) bare(s scenario, _ *host) (attacher, error) { return bare{b.floor(), s}, nil }

func bridgeName(bridge int) string { return fmt.Sprint("bench", bridge) }

func ourChain(backend string) chain {
	return func(s scenario, bridge int, dir string) []config {
		state := filepath.Join(dir, "state")
		return []config{
			{"type": "vethbridge", "bridge": bridgeName(bridge), "isDefaultGateway": true, "stateDir": state, "ipam": config{"ranges": s.ranges(bridge)}},
			{"type": "natport", "ipMasq": true, "backend": backend, "stateDir": state, "capabilities": config{"portMappings": true}},
		}
	}
}

// unguarded is our chain without the spoof guard.
func unguarded(s scenario, bridge int, dir string) []config {
	list := ourChain("nftables")(s, bridge, dir)
	list[0]["spoofGuard"] = false
	return list
}

// floorChain is of plugins that make the kernel calls and keep nothing.
func floorChain(s scenario, bridge int, _ string) []config {
	return []config{
		{"type": "floorplugin", "bridge": bridge, "dual": s.Dual},
		{"type": "floorplugin", "publishes": true, "bridge": bridge, "dual": s.Dual, "capabilities": config{"portMappings": true}},
	}
}

func referenceChain(backend string) chain {
	return func(s scenario, bridge int, dir string) []config {
		ipam := config{"type": "host-local", "dataDir": filepath.Join(dir, "ipam"), "ranges": s.ranges(bridge)}
		return []config{
			{"type": "bridge", "bridge": bridgeName(bridge), "isDefaultGateway": true, "ipMasq": !s.Alone, "ipMasqBackend": backend, "ipam": ipam},
			{"type": "portmap", "snat": true, "backend": backend, "capabilities": config{"portMappings": true}},
		}
	}
}

// conflist is that of a chain on a bridge.
func (of chain) conflist(s scenario, bridge int, dir string) []byte {
	plugins := of(s, bridge, dir)
	if s.Alone {
		plugins = plugins[:1]
	}
	text, err := json.Marshal(config{"cniVersion": "1.1.0", "name": bridgeName(bridge), "plugins": plugins})
	if err != nil {
		panic(err) // of literals above
	}
	return text
}
