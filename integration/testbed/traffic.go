package testbed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a client waits for an answer that should come, and silence how long for one
// that should not, or before a datagram is sent again. The former is only for a broken host: the first
// packet may be lost, since a container joins the group of its IPv6 address in its own time, and on a busy
// machine the second one too; TCP repeats after 1, 3 and 7 seconds.
const (
	patience = 30 * time.Second
	silence  = 300 * time.Millisecond
)

// Serve answers on a TCP or UDP port in the namespace at path ("" is the host), on all
// addresses of both families, with name and the source address that it sees.
func (h *Host) Serve(path, network string, port int, name string) {
	h.t.Helper()
	addr := fmt.Sprintf("[::]:%d", port)
	err := h.In(path, func() error {
		if strings.HasPrefix(network, "udp") {
			return h.serveUDP(addr, name)
		}
		return h.serveTCP(addr, name)
	})
	if err != nil {
		h.t.Fatalf("serve %s %s: %v", network, addr, err)
	}
}

func (h *Host) serveTCP(addr, name string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	h.serving = append(h.serving, l)
	h.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, name, source(c.RemoteAddr()))
			c.Close()
		}
	}()
	return nil
}

func (h *Host) serveUDP(addr, name string) error {
	c, err := net.ListenPacket("udp", addr)
	if err != nil {
		return err
	}
	h.serving = append(h.serving, c)
	h.t.Cleanup(func() { c.Close() })
	go func() {
		var b [64]byte
		for {
			_, from, err := c.ReadFrom(b[:])
			if err != nil {
				return
			}
			_, _ = c.WriteTo([]byte(name+" "+source(from)+"\n"), from)
		}
	}()
	return nil
}

// StopServing closes all servers. A socket keeps its namespace alive.
func (h *Host) StopServing() {
	for _, s := range h.serving {
		s.Close()
	}
	h.serving = nil
}

func source(a net.Addr) string {
	return netip.MustParseAddrPort(a.String()).Addr().Unmap().WithZone("").String()
}

// Ask connects from the namespace at path to a server and returns the server's name and
// the source address that it saw.
func (h *Host) Ask(path, network, host string, port int) (name, seen string, err error) {
	return h.ask(path, network, host, port, patience)
}

// AskAgain is Ask by UDP from a source port that stays the same, as that of a client does
// that goes on talking. It repeats the question until its patience ends.
func (h *Host) AskAgain(path string, from int, host string, port int) (name string, err error) {
	err = h.In(path, func() error {
		d := net.Dialer{LocalAddr: &net.UDPAddr{Port: from}}
		c, err := d.Dial("udp", net.JoinHostPort(host, fmt.Sprint(port)))
		if err != nil {
			return err
		}
		defer c.Close()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			line, err := insist(c, deadline)
			if err == nil {
				name, _, _ = strings.Cut(line, " ")
				return nil
			}
			time.Sleep(time.Millisecond) // refused while nobody listens
		}
		return os.ErrDeadlineExceeded
	})
	return name, err
}

// insist asks by UDP again and again until there is an answer, or the word that there won't be one.
func insist(c net.Conn, deadline time.Time) (line string, err error) {
	var b [64]byte
	for err = os.ErrDeadlineExceeded; errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(deadline); {
		if _, err := io.WriteString(c, "?"); err != nil {
			return "", err
		}
		_ = c.SetReadDeadline(time.Now().Add(silence))
		var n int
		n, err = c.Read(b[:])
		line = string(b[:n])
	}
	return line, err
}

// Silent reports whether nothing answers.
func (h *Host) Silent(path, network, host string, port int) bool {
	_, _, err := h.ask(path, network, host, port, silence)
	return err != nil
}

func (h *Host) ask(path, network, host string, port int, limit time.Duration) (name, seen string, err error) {
	err = h.In(path, func() error {
		deadline := time.Now().Add(limit)
		c, err := dial(network, net.JoinHostPort(host, fmt.Sprint(port)), deadline)
		if err != nil {
			return err
		}
		defer c.Close()
		var line string
		if network == "udp" {
			line, err = insist(c, deadline)
		} else {
			_ = c.SetDeadline(deadline)
			line, err = bufio.NewReader(c).ReadString('\n')
		}
		name, seen, _ = strings.Cut(strings.TrimSpace(line), " ")
		return err
	})
	return name, seen, err
}

// dial connects, and tries again where the kernel has asked three times, within 3 seconds, who has the address:
// a container that answers to no such question joins its group when the kernel's lock for links is free.
func dial(network, address string, deadline time.Time) (c net.Conn, err error) {
	for {
		c, err = net.DialTimeout(network, address, time.Until(deadline))
		if !errors.Is(err, unix.EHOSTUNREACH) || time.Now().After(deadline) {
			return c, err
		}
		time.Sleep(silence / 10)
	}
}
