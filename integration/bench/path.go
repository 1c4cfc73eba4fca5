package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pathPart  = "Container to container on one bridge"
	pathTurns = 30
	pathTurn  = 100 * time.Millisecond
	// The names of those of its contenders that are compared with each other.
	barePath    = "bare veth and bridge"
	trackedPath = "the same, connections tracked"
	guardedPath = "ours, spoof guard"
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

// pathContenders are, after the bare bridge, the same with what any host with a stateful firewall or NAT has.
func (b *bench) pathContenders() []contender {
	return []contender{
		{barePath, b.bare, 0, 0},
		{trackedPath, b.bare, 0, 0},
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
		if w.Name != trackedPath {
			return nil
		}
		const rule = "add table inet t; add chain inet t f { type filter hook forward priority 0; }; add rule inet t f ct state established accept"
		return exec.Command("nft", rule).Run()
	})
	if err != nil {
		return err
	}
	return w.twoContainers()
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

// asking counts answers to requests of one byte, one after another.
func asking(to string) (answers int, err error) {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	var b [1]byte
	for end := time.Now().Add(pathTurn); time.Now().Before(end); answers++ {
		if _, err := c.Write(b[:]); err != nil {
			return 0, err
		}
		if _, err := c.Read(b[:]); err != nil {
			return 0, err
		}
	}
	return answers, nil
}

// pouring counts the bytes that a connection takes.
func pouring(to string) (bytes int, err error) {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	buffer := make([]byte, 128<<10)
	buffer[0] = toDiscard
	for end := time.Now().Add(pathTurn); time.Now().Before(end); {
		n, err := c.Write(buffer)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// toDiscard as the first byte of a connection says that nothing of it is to be answered.
const toDiscard = 'd'

// answer sends back what comes, unless that is to be discarded.
func answer(c net.Conn) {
	var first [1]byte
	if _, err := c.Read(first[:]); err != nil {
		return
	}
	if first[0] == toDiscard {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	_, _ = c.Write(first[:])
	_, _ = io.Copy(c, c)
}

// serve serves connections in a namespace until the listener is closed.
func serve(netns string, port int) (l net.Listener, err error) {
	err = within(netns, func() (err error) {
		if l, err = net.Listen("tcp", fmt.Sprintf(":%d", port)); err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					answer(c)
				}()
			}
		}()
		return nil
	})
	return l, err
}

// within runs fn on a thread in the namespace, which ends with it.
func within(netns string, fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		f, err := os.Open(netns)
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	return <-done
}
