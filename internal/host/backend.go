package host

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/masquerade"
	"vethbridge/internal/netfilter"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/iptables"
	"vethbridge/pkg/nat/nft"
)

func backends(rules *netfilter.Conn) map[nat.Kind]nat.Backend {
	return map[nat.Kind]nat.Backend{
		nat.Nftables:       nft.New(rules),
		nat.IptablesNFT:    iptables.New(iptables.NFT),
		nat.IptablesLegacy: iptables.New(iptables.Legacy),
	}
}

// Backend returns the kind of backend that a config asks for: without a wish nftables, where
// the kernel has it. What an attachment has already is held by the one that its record names.
func (h *Host) Backend(ctx context.Context, wish masquerade.Backend) (nat.Kind, error) {
	if wish == masquerade.Nftables {
		return nat.Nftables, nil
	}
	if wish == masquerade.Auto {
		missing := h.NAT.Backends[nat.Nftables].Usable(ctx)
		if !lacksNftables(missing) {
			return nat.Nftables, missing
		}
		h.Log.InfoContext(ctx, "using iptables", "because", missing)
	}
	variant, err := iptables.Installed(ctx)
	switch {
	case err != nil:
		return 0, failure.To("find iptables (install it, or choose the backend nftables)", err)
	case variant == iptables.Legacy:
		return nat.IptablesLegacy, nil
	}
	return nat.IptablesNFT, nil
}

// lacksNftables tells a kernel without nftables from one that failed for now, which must not
// make an attachment use another backend than its neighbours. Without nfnetlink there is no
// such protocol; without nf_tables its message is invalid (net/netfilter/nfnetlink.c).
func lacksNftables(err error) bool {
	for _, missing := range []error{unix.EPROTONOSUPPORT, unix.EINVAL, unix.EOPNOTSUPP} {
		if errors.Is(err, missing) {
			return true
		}
	}
	return false
}

// BackendUsable tells why the backend that a config asks for can't hold translations.
func (h *Host) BackendUsable(ctx context.Context, wish masquerade.Backend) error {
	kind, err := h.Backend(ctx, wish)
	if err != nil {
		return err
	}
	return h.NAT.Backends[kind].Usable(ctx)
}

// TryConditions tells why iptables would refuse conditions of mappings in its own words, without a
// change: it must not be found out when they stand in the book.
func (h *Host) TryConditions(ctx context.Context, kind nat.Kind, list []nat.Mapping) error {
	b, ok := h.NAT.Backends[kind].(*iptables.Backend)
	if !ok {
		return nil
	}
	return b.Try(ctx, list)
}
