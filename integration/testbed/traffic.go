package testbed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"
)

// patience is how long a client waits for an answer that should come, and silence how
// long for one that should not.
const (
	patience = 3 * time.Second
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
		var b [64]byte
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			_, _ = io.WriteString(c, "?") // refused while nobody listens
			_ = c.SetReadDeadline(time.Now().Add(silence))
			n, err := c.Read(b[:])
			if err == nil {
				name, _, _ = strings.Cut(string(b[:n]), " ")
				return nil
			}
		}
		return os.ErrDeadlineExceeded
	})
	return name, err
}

// Silent reports whether nothing answers.
func (h *Host) Silent(path, network, host string, port int) bool {
	_, _, err := h.ask(path, network, host, port, silence)
	return err != nil
}

func (h *Host) ask(path, network, host string, port int, limit time.Duration) (name, seen string, err error) {
	err = h.In(path, func() error {
		c, err := net.DialTimeout(network, net.JoinHostPort(host, fmt.Sprint(port)), limit)
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(limit))
		if network == "udp" {
			if _, err := io.WriteString(c, "?"); err != nil {
				return err
			}
		}
		line, err := bufio.NewReader(c).ReadString('\n')
		name, seen, _ = strings.Cut(strings.TrimSpace(line), " ")
		return err
	})
	return name, seen, err
}
