package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// perBridge is how many containers a bridge gets: the kernel allows 1,023.
const perBridge = 1000

func bridgeName(number int) string { return fmt.Sprint("floor", number/perBridge) }

func portName(number int) string { return fmt.Sprint("vethfloor", number) }

// network is one family's addresses.
type network struct {
	gateway, container *net.IPNet
	anywhere           *net.IPNet
}

// networks are the networks of the container of a number.
func networks(number int, dual bool) []network {
	n, net4, net6 := number+2, 99+number/perBridge, 0x99+number/perBridge
	list := []network{{prefix(fmt.Sprintf("10.%d.0.1/16", net4)), prefix(fmt.Sprintf("10.%d.%d.%d/16", net4, n>>8, n&0xff)), prefix("0.0.0.0/0")}}
	if dual {
		list = append(list, network{prefix(fmt.Sprintf("fd%x::1/64", net6)), prefix(fmt.Sprintf("fd%x::%x/64", net6, n)), prefix("::/0")})
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

// attach makes the veth pair with its far end in the namespace, and sets both ends up.
func attach(path string, number int, dual bool) error {
	bridge, err := findBridge(number, dual)
	if err != nil {
		return err
	}
	ns, err := os.Open(path)
	if err != nil {
		return err
	}
	defer ns.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex, attrs.Flags = portName(number), bridge.Attrs().Index, net.FlagUp
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerTxQLen: -1, PeerNamespace: netlink.NsFd(int(ns.Fd()))}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	return setUpContainer(netns.NsHandle(ns.Fd()), networks(number, dual))
}

func findBridge(number int, dual bool) (netlink.Link, error) {
	bridge, err := netlink.LinkByName(bridgeName(number))
	if err == nil {
		return bridge, nil
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Flags = bridgeName(number), net.FlagUp
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil {
		return nil, err
	}
	if bridge, err = netlink.LinkByName(bridgeName(number)); err != nil {
		return nil, err
	}
	for _, n := range networks(number, dual) {
		if err := netlink.AddrAdd(bridge, &netlink.Addr{IPNet: n.gateway, Flags: unix.IFA_F_NODAD}); err != nil {
			return nil, err
		}
	}
	return bridge, nil
}

func setUpContainer(ns netns.NsHandle, list []network) error {
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
		err = errors.Join(err, inside.AddrAdd(link, &netlink.Addr{IPNet: n.container, Flags: unix.IFA_F_NODAD}))
	}
	err = errors.Join(err, inside.LinkSetUp(link))
	for _, n := range list {
		err = errors.Join(err, inside.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: n.anywhere, Gw: n.gateway.IP}))
	}
	return err
}

// detach deletes the pair by its host-side end.
func detach(number int) error {
	link, err := netlink.LinkByName(portName(number))
	if err != nil {
		return err
	}
	return netlink.LinkDel(link)
}
