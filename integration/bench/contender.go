package main

import (
	"encoding/json"
	"path/filepath"
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
	// attach makes the attacher for a scenario, with its state below dir.
	attach func(s scenario, dir string) (attacher, error)
}

// contenders are ours, the reference plugins with either backend, and the kernel alone.
func contenders(ours, reference, floor string) []contender {
	return []contender{
		{"ours, nftables", func(s scenario, dir string) (attacher, error) { return newCNI(ours, ourList(s, dir), s, dir) }},
		{"reference, iptables", func(s scenario, dir string) (attacher, error) {
			return newCNI(reference, referenceList(s, dir, "iptables"), s, dir)
		}},
		{"reference, nftables", func(s scenario, dir string) (attacher, error) {
			return newCNI(reference, referenceList(s, dir, "nftables"), s, dir)
		}},
		{"floor: kernel calls", func(s scenario, _ string) (attacher, error) { return bare{floor, s}, nil }},
	}
}

// growContenders are ours and the reference plugins, each with either backend.
func growContenders(ours, reference string) []contender {
	list := contenders(ours, reference, "")[:3]
	iptables := contender{"ours, iptables", func(s scenario, dir string) (attacher, error) {
		return newCNI(ours, ourIptables(s, dir), s, dir)
	}}
	return []contender{list[0], iptables, list[1], list[2]}
}

// pathContenders are the makers of ways between containers.
func pathContenders(ours, reference string) []contender {
	unguarded := func(s scenario, dir string) []byte { return ourListWith(s, dir, "spoofGuard", false) }
	return []contender{
		{"ours, spoof guard", func(s scenario, dir string) (attacher, error) { return newCNI(ours, ourList(s, dir), s, dir) }},
		{"ours, spoofGuard: false", func(s scenario, dir string) (attacher, error) { return newCNI(ours, unguarded(s, dir), s, dir) }},
		{"reference bridge", func(s scenario, dir string) (attacher, error) {
			return newCNI(reference, referenceList(s, dir, "nftables"), s, dir)
		}},
	}
}

func ourList(s scenario, dir string) []byte {
	return ourListWith(s, dir, "stateDir", filepath.Join(dir, "state"))
}

func ourIptables(s scenario, dir string) []byte {
	state := filepath.Join(dir, "state")
	return s.list(
		config{"type": "vethbridge", "bridge": "bench0", "isDefaultGateway": true, "stateDir": state, "ipam": config{"ranges": s.ranges()}},
		config{"type": "natport", "ipMasq": true, "backend": "iptables", "stateDir": state, "capabilities": config{"portMappings": true}},
	)
}

// ourListWith sets one more key of vethbridge.
func ourListWith(s scenario, dir, key string, value any) []byte {
	state := filepath.Join(dir, "state")
	return s.list(
		config{"type": "vethbridge", "bridge": "bench0", "isDefaultGateway": true, "stateDir": state, "ipam": config{"ranges": s.ranges()}, key: value},
		config{"type": "natport", "ipMasq": true, "stateDir": state, "capabilities": config{"portMappings": true}},
	)
}

func referenceList(s scenario, dir, backend string) []byte {
	return s.list(
		config{"type": "bridge", "bridge": "bench0", "isDefaultGateway": true, "ipMasq": !s.Alone, "ipMasqBackend": backend,
			"ipam": config{"type": "host-local", "dataDir": filepath.Join(dir, "ipam"), "ranges": s.ranges()}},
		config{"type": "portmap", "snat": true, "backend": backend, "capabilities": config{"portMappings": true}},
	)
}

// list is the conflist of the scenario's plugins.
func (s scenario) list(plugins ...config) []byte {
	if s.Alone {
		plugins = plugins[:1]
	}
	text, err := json.Marshal(config{"cniVersion": "1.0.0", "name": "bench", "plugins": plugins})
	if err != nil {
		panic(err) // of literals above
	}
	return text
}
