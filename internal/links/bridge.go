package links

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/sysctl"
)

// Bridge is a bridge as an attachment wants it.
type Bridge struct {
	Name string
	MTU  int    // of a bridge made here; 0: that of the device by which its frames leave
	Mark string // alias of a bridge made here
	// MAC is the address of a bridge made here. It is set in the create call: a bridge without
	// one of its own takes that of its ports, and changes it as they come and go
	// (br_stp_recalculate_bridge_id in net/bridge/br_stp_if.c).
	MAC          net.HardwareAddr
	Gateways     []netip.Prefix // addresses that it carries
	IPv6         bool           // false: a bridge made here gets no link-local address
	Forward4     bool           // what comes in by it of IPv4 goes further
	Promisc      bool
	First        bool // it has no attachment yet
	ForceAddress bool // other addresses of the gateway's family give way
	// Exclusive refuses a new gateway whose network overlaps addresses or routes of other links,
	// with an *OverlapError.
	Exclusive     bool
	VLANFiltering bool   // turned on where it is off; a bridge of others is refused then
	VLAN          int    // of the gateways, on a link of its own; 0: they are addresses of the bridge
	Uplink        string // what this link reaches is the bridge's own network, no overlap
}

// EnsureBridge makes the bridge, or gives one that is there what it lacks. A link of that
// name that is no bridge is a *NotABridgeError.
func (h *Host) EnsureBridge(ctx context.Context, b Bridge) (BridgeState, error) {
	link, made, err := h.findOrMake(b)
	if err != nil {
		return BridgeState{}, err
	}
	st := BridgeState{Link: linkOf(link), Made: made, Ours: made || link.Attrs().Alias == b.Mark}
	gateway, err := h.gatewayLink(link, &b, &st)
	if err == nil {
		st.Gateway = linkOf(gateway)
		st.Added, err = h.addGateways(gateway, &b, &st)
	}
	if err == nil {
		err = h.bringUp(link, &b, &st)
	}
	if err != nil {
		return BridgeState{}, errors.Join(err, h.undoBridge(ctx, &b, &st))
	}
	return st, nil
}

// keepMAC has a bridge of others, which is a gateway, keep the MAC address that it has: otherwise it would change it
// with its ports, and containers would send to the former one. One that has lost all its ports has none left, and gets
// another one than b has, by which a bridge made here is known.
func keepMAC(b *Bridge, st *BridgeState) error {
	if bytes.Equal(st.Link.MAC, make([]byte, 6)) || len(st.Link.MAC) == 0 {
		st.Link.MAC = bytes.Clone(b.MAC)
		st.Link.MAC[5] ^= 1
	}
	if st.Gateway.Index == st.Link.Index {
		st.Gateway.MAC = st.Link.MAC
	}
	if keepsMAC(b.Name) {
		return nil // setting it again would cost the bridge its neighbours, those that somebody entered for good too
	}
	if err := rare.LinkSetHardwareAddr(device(st.Link), st.Link.MAC); err != nil {
		return failure.To("keep MAC address of bridge "+b.Name, err)
	}
	return nil
}

// keepsMAC reports whether somebody has set the MAC address of a link, as far as sysfs tells, which may be that of another namespace.
func keepsMAC(name string) bool {
	how, err := os.ReadFile("/sys/class/net/" + name + "/addr_assign_type")
	return err == nil && string(how) == "3\n" // NET_ADDR_SET, uapi/linux/netdevice.h
}

func (h *Host) findOrMake(b Bridge) (netlink.Link, bool, error) {
	link, err := h.find(b.Name)
	made := isMissing(err)
	if made || err == nil && b.halfMade(link) {
		if b.MTU, err = h.BridgeMTU(b); err != nil {
			return nil, false, err
		}
	}
	if made {
		link, err = h.makeBridge(&b)
	}
	if err != nil {
		return nil, false, failure.To("find bridge "+b.Name, err)
	}
	if link.Type() != "bridge" {
		return nil, false, &NotABridgeError{b.Name, link.Type()}
	}
	if !made && !b.halfMade(link) {
		return link, false, errors.Join(h.filterVLANs(link, &b, link.Attrs().Alias == b.Mark), b.addIPv6(link))
	}
	if err := h.finish(link, &b); err != nil {
		return nil, false, errors.Join(failure.To("make bridge "+b.Name, err), rare.LinkDel(link))
	}
	return link, made, nil
}

func (h *Host) makeBridge(b *Bridge) (netlink.Link, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr, attrs.MTU = b.Name, b.MAC, otherMTU
	// Another process may have been faster.
	if err := rare.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, err
	}
	return h.find(b.Name)
}

// A bridge begins with an MTU that is not the one it gets, since it keeps only one that is
// a change; one given at creation follows the smallest port (br_change_mtu and
// br_mtu_auto_adjust in net/bridge). 1281 is enough for IPv6 and nobody's choice.
const (
	defaultMTU = 1500
	otherMTU   = 1281
)

// BridgeMTU returns the MTU that a bridge made here gets: the one that is wanted, or that of the
// device by which its frames leave. It may list the routes of the host, which may be many.
func (h *Host) BridgeMTU(b Bridge) (mtu int, err error) {
	switch {
	case b.MTU != 0:
		return b.MTU, nil
	case b.Uplink != "":
		u, err := h.Uplink(b.Uplink)
		return cmp.Or(u.MTU, defaultMTU), err
	}
	mtu, err = h.DefaultRouteMTU()
	return cmp.Or(mtu, defaultMTU), err
}

// halfMade tells a bridge of ours that was created and not marked yet, by a plugin that was
// killed in between: the kernel takes an alias only for a link that is there.
func (b *Bridge) halfMade(link netlink.Link) bool {
	return link.Attrs().Alias == "" && bytes.Equal(link.Attrs().HardwareAddr, b.MAC)
}

// finish makes a bridge just created ready; the mark comes last and says that it is.
func (h *Host) finish(link netlink.Link, b *Bridge) error {
	if err := rare.LinkSetMTU(link, b.MTU); err != nil {
		return failure.To("set MTU "+strconv.Itoa(b.MTU), err)
	}
	link.Attrs().MTU = b.MTU
	if err := b.quiet(); err != nil {
		return err
	}
	if err := h.filterVLANs(link, b, true); err != nil {
		return err
	}
	return rare.LinkSetAlias(link, b.Mark)
}

// quiet keeps a bridge from taking addresses and routes out of router advertisements and
// redirects, and from having a link-local address where there is no IPv6.
func (b *Bridge) quiet() error {
	conf := "net/ipv6/conf/" + b.Name + "/"
	list := []setting{
		{conf + "accept_ra", "0"}, {conf + "autoconf", "0"}, {conf + "accept_redirects", "0"},
		{"net/ipv4/conf/" + b.Name + "/accept_redirects", "0"},
	}
	b.keepAddresses()
	if b.IPv6 {
		return ensureAll(append(list, b.linkLocal()...))
	}
	return ensureAll(append(list, setting{conf + "addr_gen_mode", "1"}))
}

// linkLocal gives the bridge a link-local address, at once: without one the kernel can't
// ask for the neighbour of a packet that it forwards (ndisc_send_ns in net/ipv6/ndisc.c).
func (b *Bridge) linkLocal() []setting {
	conf := "net/ipv6/conf/" + b.Name + "/"
	return []setting{{conf + "accept_dad", "0"}, {conf + "addr_gen_mode", "0"}}
}

// keepAddresses lets a bridge that somebody sets down and up again have its IPv6 gateways as before; those of IPv4 stay
// anyway (addrconf_ifdown in net/ipv6/addrconf.c). Where it can't be set, that is for "repair".
func (b *Bridge) keepAddresses() {
	_, _, _ = sysctl.Ensure("net/ipv6/conf/"+b.Name+"/keep_addr_on_down", "1")
}

// addIPv6 is for a bridge of ours that was made for IPv4 alone.
func (b *Bridge) addIPv6(link netlink.Link) error {
	if !b.IPv6 || link.Attrs().Alias != b.Mark {
		return nil
	}
	return ensureAll(b.linkLocal())
}

// RemoveBridge removes a bridge that was made here, by its mark, and has no ports. One that
// is gone is no error, one that is someone else's or in use stays.
func (h *Host) RemoveBridge(_ context.Context, b Bridge) error {
	link, err := h.find(b.Name)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return failure.To("find bridge "+b.Name, err)
	}
	if link.Type() != "bridge" || link.Attrs().Alias != b.Mark && !b.halfMade(link) {
		return nil
	}
	ports, err := h.raw.countPorts(b.Name)
	if err != nil || ports > 0 {
		return err
	}
	if err := h.raw.deleteLink(link.Attrs().Index); err != nil && !isMissing(err) {
		return failure.To("remove bridge "+b.Name, err)
	}
	return nil
}
