package attachment

import (
	"encoding/hex"
	"hash/fnv"
	"strings"
)

// Owner identifies one attachment: the interface IfName of container ContainerID on
// network Network. Everything put into the kernel or on disk carries its Owner, so that
// DEL and GC need nothing else. The zero Owner identifies nothing.
type Owner struct {
	Network     string `json:"network"`
	ContainerID string `json:"containerID"`
	IfName      string `json:"ifName"`
}

// maxKeyPart bounds one part of a store key, so that a name of any length makes a key
// that the store takes; a longer part is replaced by its hash.
const maxKeyPart = 255

// hashPrefix begins what stands for a name that is too long.
const hashPrefix = "fnv128a:"

// String returns "network/container/ifname", the form used in messages.
func (o Owner) String() string {
	return o.Network + "/" + o.ContainerID + "/" + o.IfName
}

// Key returns the owner's key in the state file. Keys of one network share the prefix
// that NetworkKey returns.
func (o Owner) Key() []byte {
	return append(NetworkKey(o.Network), keyPart(o.ContainerID)+"\x00"+keyPart(o.IfName)...)
}

// ParseKey is the reverse of Key. It reports false where the key has a hash in place of a name.
func ParseKey(key []byte) (Owner, bool) {
	parts := strings.Split(string(key), "\x00")
	if len(parts) != 3 || strings.Contains(string(key), hashPrefix) {
		return Owner{}, false
	}
	return Owner{parts[0], parts[1], parts[2]}, true
}

// NetworkKey returns the prefix of the keys of all owners on a network.
func NetworkKey(network string) []byte {
	return []byte(keyPart(network) + "\x00")
}

func keyPart(s string) string {
	if len(s) <= maxKeyPart {
		return s
	}
	return hashPrefix + digest(s)
}

// digest is 128 bits of FNV-1a: whoever names networks and containers is root, so nobody has to
// be kept from making two that are equal, and a cryptographic hash costs every start a tenth
// of a millisecond.
func digest(s string) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}
