package host

import (
	"context"
	"errors"

	"vethbridge/internal/failure"
	"vethbridge/internal/links"
	"vethbridge/internal/sysctl"
)

// bridgeFilter are the sysctls by which br_netfilter shows bridged frames to the IP hooks.
// Then a DNAT happens on the bridge, and a frame that a container sends to itself through
// a published port leaves by the port that it came in by: only hairpin mode lets it.
var bridgeFilter = []string{"net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"}

// EnableHairpin sets hairpin mode on those of the named links that are bridge ports, if
// br_netfilter makes it necessary. It goes with the link, so there is nothing to undo.
func (h *Host) EnableHairpin(_ context.Context, names []string) error {
	if len(names) == 0 || !BridgesFiltered() {
		return nil
	}
	for _, name := range names {
		err := h.Links.SetHairpin(name, true)
		var notPort *links.NotAPortError
		if err != nil && !errors.As(err, &notPort) {
			return failure.To("set hairpin mode of "+name, err)
		}
	}
	return nil
}

// BridgesFiltered reports whether br_netfilter shows bridged frames to the IP hooks.
func BridgesFiltered() bool {
	for _, key := range bridgeFilter {
		if now, err := sysctl.Get(key); err == nil && now == "1" {
			return true
		}
	}
	return false
}
