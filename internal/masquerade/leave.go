package masquerade

import (
	"net/netip"
	"slices"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// Keys are decoded as a part of a config.
type Keys struct {
	IPMasq bool     `json:"ipMasq"`
	Random bool     `json:"masqueradeRandomFully"`
	SNATTo []string `json:"snatTo"`
	Direct []string `json:"nonMasqueradeCIDRs"`
}

// Leave validates the keys.
func (k Keys) Leave() (nat.Leave, error) {
	leave := nat.Leave{Masquerade: k.IPMasq, Random: k.Random}
	switch {
	case k.Random && !k.IPMasq:
		return nat.Leave{}, cni.InvalidConfig("masqueradeRandomFully", true, "needs \"ipMasq\": true")
	case k.Random && len(k.SNATTo) > 0:
		return nat.Leave{}, cni.InvalidConfig("masqueradeRandomFully", true, "cannot be combined with snatTo")
	case len(k.SNATTo) > 0 && !k.IPMasq:
		return nat.Leave{}, cni.InvalidConfig("snatTo", k.SNATTo, "needs \"ipMasq\": true")
	}
	for _, text := range k.Direct {
		p, err := netip.ParsePrefix(text)
		switch {
		case !k.IPMasq:
			return nat.Leave{}, cni.InvalidConfig("nonMasqueradeCIDRs", k.Direct, "needs \"ipMasq\": true")
		case err != nil || p.Addr().Is4In6() || p.Bits() == 0:
			return nat.Leave{}, cni.InvalidConfig("nonMasqueradeCIDRs", text, "is not a prefix of some addresses")
		}
		leave.Direct = append(leave.Direct, p.Masked())
	}
	for _, text := range k.SNATTo {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.Is4In6() {
			return nat.Leave{}, cni.InvalidConfig("snatTo", text, "is not an address that traffic can leave with")
		}
		if slices.ContainsFunc(leave.To, func(o netip.Addr) bool { return o.Is4() == a.Is4() }) {
			return nat.Leave{}, cni.InvalidConfig("snatTo", text, "is a second address of its family")
		}
		leave.To = append(leave.To, a)
	}
	return leave, nil
}
