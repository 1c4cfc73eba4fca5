package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pathTurns = 30
	pathTurn  = 100 * time.Millisecond
	packets   = 5000 // of a turn
)

// path is the way between two containers on one bridge, as one contender makes it.
type path struct {
	name           string
	client, server string // their namespaces
	address        string
	requests, bulk []float64 // a second: answers, gigabits
	packet         []float64 // nanoseconds, from the sender's call to the other end of the bridge
}

// measurePath lets requests and bulk data go from container to container, with the spoof
// guard, without it, and on the reference bridge, in turns.
func measurePath(list []contender, dir string) error {
	var paths []*path
	for i, c := range list {
		p, h, err := newPath(c, filepath.Join(dir, fmt.Sprint("path", i)))
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		defer h.close()
		paths = append(paths, p)
	}
	for range pathTurns {
		for _, p := range paths {
			if err := p.turn(); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	fmt.Printf("\nmedian of %d turns, and its ratio to the first line\n", pathTurns)
	fmt.Printf("%-28s %20s %20s %20s\n", "container to container", "requests a second", "gigabits a second", "ns a packet")
	for _, p := range paths {
		fmt.Printf("%-28s %13.0f %5.2fx %13.2f %5.2fx %13.0f %5.2fx\n", p.name, median(p.requests), median(p.requests)/median(paths[0].requests),
			median(p.bulk), median(p.bulk)/median(paths[0].bulk), median(p.packet), median(p.packet)/median(paths[0].packet))
	}
	return nil
}

func newPath(c contender, dir string) (*path, *host, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	h, err := newHost(dir)
	if err != nil {
		return nil, nil, err
	}
	r := &runner{contender: c, host: h}
	if r.attach, err = c.attach(scenario{}, dir); err != nil {
		return nil, nil, err
	}
	p := &path{name: c.Name, address: "10.99.0.2"}
	for i, end := range []*string{&p.server, &p.client} {
		container, err := r.newContainer(i)
		if err != nil {
			return nil, nil, err
		}
		*end = container.netns
		if err := h.do(func() error { return r.attach.add(container) }); err != nil {
			return nil, nil, err
		}
	}
	return p, h, errJoin(serve(p.server, 7, echo), serve(p.server, 9, discard))
}

func errJoin(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (p *path) turn() error {
	return within(p.client, func() error {
		answers, err := p.ask()
		if err != nil {
			return err
		}
		bytes, err := p.pour()
		p.requests = append(p.requests, float64(answers)/pathTurn.Seconds())
		p.bulk = append(p.bulk, float64(bytes)*8e-9/pathTurn.Seconds())
		if err != nil {
			return err
		}
		took, err := p.send()
		p.packet = append(p.packet, float64(took.Nanoseconds())/packets)
		return err
	})
}

// ask counts answers to requests of one byte, one after another.
func (p *path) ask() (answers int, err error) {
	c, err := net.Dial("tcp", p.address+":7")
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

// pour counts the bytes that a connection takes.
func (p *path) pour() (bytes int, err error) {
	c, err := net.Dial("tcp", p.address+":9")
	if err != nil {
		return 0, err
	}
	defer c.Close()
	buffer := make([]byte, 128<<10)
	for end := time.Now().Add(pathTurn); time.Now().Before(end); {
		n, err := c.Write(buffer)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// send sends small datagrams that nobody reads. The kernel takes each through the bridge
// before the call is over.
func (p *path) send() (time.Duration, error) {
	c, err := net.Dial("udp", p.address+":9")
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

func echo(c net.Conn)    { _, _ = io.Copy(c, c) }
func discard(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// serve serves connections in a namespace until the program ends.
func serve(netns string, port int, fn func(net.Conn)) error {
	return within(netns, func() error {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return err
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go fn(c)
			}
		}()
		return nil
	})
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

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
