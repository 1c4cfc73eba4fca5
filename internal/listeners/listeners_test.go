package listeners_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/listeners"
	"vethbridge/internal/netns/netnstest"
)

// listen opens a socket that the test keeps.
func listen(t *testing.T, network, address string) {
	t.Helper()
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

func taken(t *testing.T, protocol uint8, to string) bool {
	t.Helper()
	list, err := listeners.List(protocol)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Takes(protocol, netip.MustParseAddrPort(to)) {
			return true
		}
	}
	return false
}

func TestASocketTakesWhatItsAddressSays(t *testing.T) {
	const tcp, udp = unix.IPPROTO_TCP, unix.IPPROTO_UDP
	for _, c := range []struct {
		network, address string
		takes, leaves    []string
	}{
		{"tcp4", "0.0.0.0:80", []string{"0.0.0.0:80", "127.0.0.1:80"}, []string{"0.0.0.0:81", "[::]:80"}},
		{"tcp4", "127.0.0.1:80", []string{"0.0.0.0:80", "127.0.0.1:80"}, []string{"127.0.0.2:80", "[::]:80"}},
		{"tcp6", "[::]:80", []string{"[::]:80", "[::1]:80"}, []string{"0.0.0.0:80"}}, // Go makes it IPv6 only
		{"tcp", "[::]:80", []string{"[::]:80", "0.0.0.0:80", "192.0.2.1:80"}, []string{"[::]:81"}},
		{"tcp6", "[::1]:80", []string{"[::]:80", "[::1]:80"}, []string{"[2001:db8::1]:80", "0.0.0.0:80"}},
		{"udp4", "0.0.0.0:53", []string{"0.0.0.0:53"}, []string{"[::]:53"}},
		{"udp", "[::]:53", []string{"0.0.0.0:53", "[::]:53"}, nil},
	} {
		t.Run(c.network+" "+c.address, func(t *testing.T) {
			netnstest.Inside(t)
			listen(t, c.network, c.address)
			protocol, other := uint8(tcp), uint8(udp)
			if strings.HasPrefix(c.network, "udp") {
				protocol, other = udp, tcp
			}
			for _, to := range c.takes {
				if !taken(t, protocol, to) || taken(t, other, to) {
					t.Errorf("%s is free, or taken for the other protocol", to)
				}
			}
			for _, to := range c.leaves {
				if taken(t, protocol, to) {
					t.Errorf("%s is taken", to)
				}
			}
		})
	}
}

func TestConnectionsAreNoListeners(t *testing.T) {
	netnstest.Inside(t)
	listen(t, "tcp4", "127.0.0.1:80")
	reuse := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
	}}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000}, Control: reuse.Control}
	c, err := d.DialContext(context.Background(), "tcp4", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	udp, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4001}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if taken(t, unix.IPPROTO_TCP, "0.0.0.0:4000") || taken(t, unix.IPPROTO_UDP, "0.0.0.0:4001") {
		t.Error("a connection counts as a listener")
	}
}

func TestTheProcessOfASocketIsNamed(t *testing.T) {
	netnstest.Inside(t)
	listen(t, "tcp4", "127.0.0.1:80")
	list, err := listeners.List(unix.IPPROTO_TCP)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if name := listeners.Process(list[0].Inode); !strings.Contains(name, "pid "+strconv.Itoa(os.Getpid())) {
		t.Errorf("process %q", name)
	}
	if name := listeners.Process(1); name != "" {
		t.Errorf("a socket that is none belongs to %q", name)
	}
}
