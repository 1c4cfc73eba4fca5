package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"

	"vethbridge/integration/bench/kernel"
)

const (
	pathPart  = "Container to container on one bridge"
	pathTurns = 30
	pathTurn  = 100 * time.Millisecond
	// The names of those of its contenders that are compared with each other.
	barePath     = "bare veth and bridge"
	trackedPath  = "the same, connections tracked"
	lookedUpPath = "the same, one look-up by port, MAC and IP address"
	guardedPath  = "ours, spoof guard"
	// serverAddress is that of container 0 of every contender.
	serverAddress = "10.99.0.2"
)

// walker is a contender on a host where br_netfilter shows bridged frames to the IP hooks, or does not.
type walker struct {
	*runner
	filtered string // bridge-nf-call-iptables
}

func (w walker) subject(scenario, quantity, unit string) subject {
	return pathSubject(w.filtered, scenario, quantity, unit, w.Name)
}

// pathSubject tells both values of bridge-nf-call-iptables apart. What a host has depends on whether someone loads br_netfilter.
func pathSubject(filtered, scenario, quantity, unit, contender string) subject {
	return subject{pathPart, scenario + ", bridge-nf-call-iptables " + filtered, quantity, unit, contender}
}

// pathContenders are, after the bare bridge, the same with what any host with a stateful firewall or NAT has, and with
// the least that a spoof guard can be whose cost does not grow with the ports.
func (b *bench) pathContenders() []contender {
	return []contender{
		{barePath, b.bare, 0, 0},
		{trackedPath, b.bare, 0, 0},
		{lookedUpPath, b.bare, 0, 0},
		{guardedPath, b.cni(b.ours, ourChain("nftables")), 0, 0},
		{"ours, spoofGuard: false", b.cni(b.ours, unguarded), 0, 0},
		{"reference bridge", b.cni(b.reference(), referenceChain("nftables")), 0, 0},
	}
}

// path lets requests and bulk data go from container to container: on a bare bridge, with the
// spoof guard, without it, and on the reference bridge, in turns.
func (b *bench) path() error {
	var all []walker
	for _, filtered := range []string{"0", "1"} {
		runners, err := b.runners(scenario{Alone: true}, b.pathContenders())
		if err != nil {
			return err
		}
		defer closeAll(runners)
		for _, r := range runners {
			w := walker{r, filtered}
			if err := w.prepare(); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
			all = append(all, w)
		}
	}
	return errors.Join(pathTurnsOf(pathTurns, all, b.pathTurn), pathTurnsOf(pathIperfTurns, all, b.pathIperf))
}

func pathTurnsOf(n int, all []walker, turn func(walker) error) error {
	for range n {
		for _, w := range all {
			if err := turn(w); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return nil
}

func (w walker) prepare() error {
	err := w.host.do(func() error {
		for _, family := range []string{"iptables", "ip6tables"} {
			if err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-"+family, []byte(w.filtered), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.twoContainers(); err != nil {
		return err
	}
	switch w.Name {
	case trackedPath:
		return w.rules("add table inet t; add chain inet t f { type filter hook forward priority 0; }; add rule inet t f ct state established accept")
	case lookedUpPath:
		return w.lookUp()
	}
	return nil
}

// lookUp has the bridge look up each packet's source, with nothing else around it.
func (w walker) lookUp() error {
	rules := "add table bridge t; add set bridge t s { type ifname . ether_addr . ipv4_addr; }; " +
		"add chain bridge t p { type filter hook prerouting priority -300; }; add rule bridge t p iifname . ether saddr . ip saddr @s accept"
	for n := range 2 {
		var link *net.Interface
		err := within(w.host.namespace(container{number: n}.id()), func() (err error) {
			link, err = net.InterfaceByName("eth0")
			return err
		})
		if err != nil {
			return err
		}
		address := kernel.Bridge{}.Networks(n)[0].Container.IP
		rules += fmt.Sprintf("; add element bridge t s { %s . %s . %s }", kernel.PortName(n), link.HardwareAddr, address)
	}
	return w.rules(rules)
}

func (w walker) rules(commands string) error {
	return w.host.do(func() error {
		if out, err := exec.Command("nft", commands).CombinedOutput(); err != nil {
			return fmt.Errorf("nft: %w: %s", err, out)
		}
		return nil
	})
}

func (r *runner) twoContainers() error {
	for n := range 2 {
		c, err := r.newContainer(n)
		if err != nil {
			return err
		}
		if err := r.host.do(func() error { return r.attach.add(c) }); err != nil {
			return err
		}
	}
	server := r.host.namespace(container{number: 0}.id())
	if err := r.host.serveIperf(server, iperfPort); err != nil {
		return err
	}
	_, err := serve(server, 7)
	return err
}

func (w walker) client() string { return w.host.namespace(container{number: 1}.id()) }

func (b *bench) pathIperf(w walker) error {
	return b.iperf(w.subject("one connection", "", ""), w.client(), serverAddress, iperfPort, "--bytes", "512M")
}

func (b *bench) pathTurn(w walker) error {
	nanoseconds, err := datagrams(w.host.namespace(container{number: 0}.id()), w.client())
	if err != nil {
		return err
	}
	b.add(w.subject("small datagrams", "CPU of a packet", "ns"), nanoseconds)
	return within(w.client(), func() error {
		answers, err := asking(serverAddress + ":7")
		if err != nil {
			return err
		}
		bytes, err := pouring(serverAddress + ":7")
		b.add(w.subject("one connection", "requests", "1/s"), float64(answers)/pathTurn.Seconds())
		b.add(w.subject("one connection", "bulk", "Gbit/s"), float64(bytes)*8e-9/pathTurn.Seconds())
		return err
	})
}
