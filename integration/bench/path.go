package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pathPart  = "Container to container on one bridge"
	pathTurns = 30
	pathTurn  = 100 * time.Millisecond
	packets   = 5000 // of a turn
	// The names of two of its contenders.
	barePath    = "bare veth and bridge"
	guardedPath = "ours, spoof guard"
	// serverAddress is that of container 0 of every contender.
	serverAddress = "10.99.0.2"
)

// path lets requests and bulk data go from container to container: on a bare bridge, with the
// spoof guard, without it, and on the reference bridge, in turns.
func (b *bench) path() error {
	s := scenario{Alone: true}
	list := []contender{
		{barePath, b.bare, 0, 0},
		{guardedPath, b.cni(b.ours, ourChain("nftables")), 0, 0},
		{"ours, spoofGuard: false", b.cni(b.ours, unguarded), 0, 0},
		{"reference bridge", b.cni(b.reference(), referenceChain("nftables")), 0, 0},
	}
	runners, err := b.runners(s, list)
	if err != nil {
		return err
	}
	defer closeAll(runners)
	for _, r := range runners {
		if err := r.twoContainers(); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	for range pathTurns {
		for _, r := range runners {
			if err := b.pathTurn(r); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	for range iperfTurns {
		for _, r := range runners {
			err := b.iperf(subject{pathPart, "one connection", "", "", r.Name}, r.host.namespace(container{number: 1}.id()), serverAddress, iperfPort)
			if err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	return nil
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

func (b *bench) pathTurn(r *runner) error {
	return within(r.host.namespace(container{number: 1}.id()), func() error {
		answers, err := asking(serverAddress + ":7")
		if err != nil {
			return err
		}
		bytes, err := pouring(serverAddress + ":7")
		if err != nil {
			return err
		}
		took, err := sending(serverAddress + ":7")
		b.add(subject{pathPart, "one connection", "requests", "1/s", r.Name}, float64(answers)/pathTurn.Seconds())
		b.add(subject{pathPart, "one connection", "bulk", "Gbit/s", r.Name}, float64(bytes)*8e-9/pathTurn.Seconds())
		b.add(subject{pathPart, "small datagrams", "a packet", "ns", r.Name}, float64(took.Nanoseconds())/packets)
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

// sending sends small datagrams that nobody reads. The kernel takes each through the bridge
// before the call is over.
func sending(to string) (time.Duration, error) {
	c, err := net.Dial("udp", to)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	begin := time.Now()
	for range packets {
		_, _ = c.Write([]byte("x")) // refused now and then
	}
	return time.Since(begin), nil
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
