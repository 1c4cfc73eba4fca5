package main

import (
	"strings"

	"vethbridge/internal/cni"
	"vethbridge/internal/masquerade"
	"vethbridge/pkg/nat"
)

// defaultMarkBit is that of the reference portmap, and ours.
const defaultMarkBit = 13

// backend validates the keys about marks together with that of the backend: a mark of one's own
// needs iptables, as with the reference portmap, and so do conditions that are understood by it alone.
func (raw rawConfig) backend() (mark nat.Mark, backend masquerade.Backend, err error) {
	if backend, err = masquerade.ParseBackend("backend", raw.Backend); err != nil {
		return mark, backend, err
	}
	key := ""
	switch {
	case raw.MarkMasqBit != nil && raw.SetMarkChain != nil:
		return mark, backend, cni.InvalidConfig("externalSetMarkChain", *raw.SetMarkChain, "cannot be combined with markMasqBit")
	case raw.MarkMasqBit != nil && (*raw.MarkMasqBit < 0 || *raw.MarkMasqBit > 31):
		return mark, backend, cni.InvalidConfig("markMasqBit", *raw.MarkMasqBit, "must be 0 to 31")
	case raw.MarkMasqBit != nil && *raw.MarkMasqBit != defaultMarkBit:
		key, mark.Mask = "markMasqBit", 1<<*raw.MarkMasqBit
	case raw.SetMarkChain != nil:
		key, mark.Chain = "externalSetMarkChain", *raw.SetMarkChain
		if !validChain(mark.Chain) {
			return mark, backend, cni.InvalidConfig(key, mark.Chain, "must be the name of a chain of the table nat, 1 to 28 of [A-Za-z0-9_-]")
		}
	}
	if key == "" {
		if backend == masquerade.Auto && raw.needIptables() {
			backend = masquerade.Iptables
		}
		return mark, backend, nil
	}
	if backend == masquerade.Nftables {
		return mark, backend, cni.InvalidConfig(key, raw.Backend, "needs \"backend\": \"iptables\"")
	}
	return mark, masquerade.Iptables, nil
}

// validChain goes by the length that iptables takes (XT_EXTENSION_MAXNAMELEN).
func validChain(name string) bool {
	return name != "" && len(name) <= 28 && !strings.HasPrefix(name, "-") && strings.Trim(name,
		"_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
