package masquerade

import "vethbridge/internal/cni"

// Backend is what a config says about the backend that holds translations.
type Backend uint8

// What a config can say.
const (
	Auto     Backend = iota // whatever the host can do, nftables first
	Nftables                // by netlink
	Iptables                // by the programs of iptables, in the variant that the host uses
)

var backends = [...]string{"", "nftables", "iptables"}

// String returns the word that stands in configs; Auto is empty.
func (b Backend) String() string { return backends[b] }

// ParseBackend reads the value of a key. The empty word is Auto.
func ParseBackend(key, word string) (Backend, error) {
	for b, known := range backends {
		if word == known {
			return Backend(b), nil
		}
	}
	return Auto, cni.InvalidConfig(key, word, "must be nftables or iptables")
}
