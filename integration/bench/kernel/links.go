package kernel

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Bridge is a bridge by its number, with a network of one family or of both.
type Bridge struct {
	Number int
	Dual   bool
}

func (b Bridge) name() string { return fmt.Sprint("floor", b.Number) }

// PortName is the name of the host's end of a container's veth pair, by its number.
func PortName(number int) string { return fmt.Sprint("vethfloor", number) }

// Network is one family's addresses: the bridge's, a container's, and the destination of the default route.
type Network struct{ Gateway, Container, Anywhere *net.IPNet }

// Networks are those of a container, by its number.
func (b Bridge) Networks(container int) []Network {
	n, net4, net6 := container+2, 99+b.Number, 0x99+b.Number
	list := []Network{{prefix(fmt.Sprintf("10.%d.0.1/16", net4)), prefix(fmt.Sprintf("10.%d.%d.%d/16", net4, n>>8, n&0xff)), prefix("0.0.0.0/0")}}
	if b.Dual {
		list = append(list, Network{prefix(fmt.Sprintf("fd%x::1/64", net6)), prefix(fmt.Sprintf("fd%x::%x/64", net6, n)), prefix("::/0")})
	}
	return list
}

func prefix(text string) *net.IPNet {
	ip, n, err := net.ParseCIDR(text)
	if err != nil {
		panic(err) // of the forms above
	}
	n.IP = ip
	return n
}

// attach makes the veth pair with its far end in the namespace at path, and sets both ends up.
func attach(path string, number int, to Bridge) error {
	master, err := to.find()
	if err != nil {
		return err
	}
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex, attrs.Flags = PortName(number), master.Attrs().Index, net.FlagUp
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerTxQLen: -1, PeerNamespace: netlink.NsFd(int(ns.Fd()))}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	return setUpContainer(netns.NsHandle(ns.Fd()), to.Networks(number))
}

// find finds the bridge, or makes it.
func (b Bridge) find() (netlink.Link, error) {
	link, err := netlink.LinkByName(b.name())
	if err == nil {
		return link, nil
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Flags = b.name(), net.FlagUp
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
		return nil, err
	}
	if link, err = netlink.LinkByName(b.name()); err != nil {
		return nil, err
	}
	for _, n := range b.Networks(0) {
		if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: n.Gateway, Flags: unix.IFA_F_NODAD}); err != nil {
			return nil, err
		}
	}
	return link, nil
}

func setUpContainer(ns netns.NsHandle, list []Network) error {
	inside, err := netlink.NewHandleAt(ns)
	if err != nil {
		return err
	}
	defer inside.Close()
	link, err := inside.LinkByName("eth0")
	if err != nil {
		return err
	}
	for _, n := range list {
		err = errors.Join(err, inside.AddrAdd(link, &netlink.Addr{IPNet: n.Container, Flags: unix.IFA_F_NODAD}))
	}
	err = errors.Join(err, inside.LinkSetUp(link))
	for _, n := range list {
		err = errors.Join(err, inside.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: n.Anywhere, Gw: n.Gateway.IP}))
	}
	return err
}

// detach deletes the pair by its host-side end.
func detach(number int) error {
	link, err := netlink.LinkByName(PortName(number))
	if err != nil {
		return err
	}
	return netlink.LinkDel(link)
}
