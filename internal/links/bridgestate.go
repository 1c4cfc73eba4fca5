package links

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/vishvananda/netlink"

	"vethbridge/internal/failure"
)

// BridgeState is what EnsureBridge found or changed, so that it can be taken back.
type BridgeState struct {
	Link        Link
	Made        bool
	Ours        bool // made here, now or before
	Gateway     Link // that carries the gateway addresses: the bridge, or its link in a VLAN
	GatewayMade bool // a link in a VLAN, that is
	Added       []netip.Prefix
	Raised      bool // it was down
	Promisc     bool // it was not promiscuous
	FormerMTU   int  // 0: its MTU is what it was
}

func (h *Host) undoBridge(ctx context.Context, b *Bridge, st *BridgeState) error {
	if st.Made {
		return h.RemoveBridge(ctx, *b)
	}
	var vlan error
	if st.GatewayMade {
		vlan = h.RemoveVLANLink(b.GatewayName(), b.Mark)
	}
	return errors.Join(vlan, h.RestoreBridge(ctx, *b, *st))
}

// RestoreBridge makes a bridge that was there before what it was then, by what EnsureBridge and
// SetBridgeMTU told. One that is gone is no error.
func (h *Host) RestoreBridge(ctx context.Context, b Bridge, st BridgeState) error {
	failed := h.RemoveAddresses(ctx, b.GatewayName(), st.Added)
	link, err := rare.LinkByName(b.Name)
	if isMissing(err) {
		return failed
	}
	if err != nil {
		return errors.Join(failed, failure.To("find bridge "+b.Name, err))
	}
	if st.FormerMTU != 0 {
		failed = errors.Join(failed, rare.LinkSetMTU(link, st.FormerMTU))
	}
	if st.Promisc {
		failed = errors.Join(failed, rare.SetPromiscOff(link))
	}
	if st.Raised {
		failed = errors.Join(failed, rare.LinkSetDown(link))
	}
	return failed
}

// SetBridgeMTU gives a bridge the MTU that b wants, and notes what it was.
func (h *Host) SetBridgeMTU(b Bridge, st *BridgeState) error {
	if err := rare.LinkSetMTU(device(st.Link), b.MTU); err != nil {
		return failure.To("set MTU "+strconv.Itoa(b.MTU)+" of bridge "+b.Name, err)
	}
	st.FormerMTU, st.Link.MTU = st.Link.MTU, b.MTU
	return nil
}

func (h *Host) bringUp(link netlink.Link, b *Bridge, st *BridgeState) error {
	if b.Promisc && link.Attrs().Promisc == 0 {
		if err := rare.SetPromiscOn(link); err != nil {
			return failure.To("set bridge "+b.Name+" promiscuous", err)
		}
		st.Promisc = true
	}
	if link.Attrs().Flags&net.FlagUp != 0 {
		return nil
	}
	if err := rare.LinkSetUp(link); err != nil {
		return failure.To("set bridge "+b.Name+" up", err)
	}
	st.Raised = true
	return nil
}
