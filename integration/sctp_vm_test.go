//go:build vm

package integration

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/integration/testbed"
)

// TestSCTPPortsLeadToTheContainerUnlessAProcessHasThem needs a kernel with SCTP: "make test-vm".
func TestSCTPPortsLeadToTheContainerUnlessAProcessHasThem(t *testing.T) {
	h, n := newDemo(t)
	h.Run("modprobe", "-a", "sctp", "sctp_diag")
	web, result := attach(t, h, n, "web", testbed.Port{HostPort: 3868, ContainerPort: 3869, Protocol: "sctp"})
	serveSCTP(t, h, web.Netns, 3869, "web")
	if got := askSCTP(t, h, h.LAN, testbed.HostAddr4, 3868); got != "web" {
		t.Errorf("the LAN is answered by %q", got)
	}
	n.Del(t, web, result.Raw)
	serveSCTP(t, h, "", 3868, "daemon")
	c := testbed.Container{ID: "late", Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 3868, ContainerPort: 80, Protocol: "sctp"}}}
	refused(t, h, n, c, 101, "listens on 0.0.0.0:3868")
}

// sctpSocket is a one-to-one socket (RFC 6458, section 4) in the namespace at path.
func sctpSocket(t *testing.T, h *testbed.Host, path string, use func(fd int) error) (fd int) {
	t.Helper()
	err := h.In(path, func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP); err != nil {
			return err
		}
		return use(fd)
	})
	if err != nil {
		t.Fatalf("SCTP: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func serveSCTP(t *testing.T, h *testbed.Host, path string, port int, name string) {
	t.Helper()
	fd := sctpSocket(t, h, path, func(fd int) error {
		if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port}); err != nil {
			return err
		}
		return unix.Listen(fd, 1)
	})
	go func() {
		if c, _, err := unix.Accept(fd); err == nil {
			_, _ = unix.Write(c, []byte(name))
			_ = unix.Close(c)
		}
	}()
}

func askSCTP(t *testing.T, h *testbed.Host, path, host string, port int) string {
	t.Helper()
	fd := sctpSocket(t, h, path, func(fd int) error {
		limit := unix.Timeval{Sec: 20}
		if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
			return err
		}
		return unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: netip.MustParseAddr(host).As4()})
	})
	var answer [64]byte
	n, err := unix.Read(fd, answer[:])
	if err != nil {
		t.Errorf("SCTP to %s port %d: %v", host, port, err)
		return ""
	}
	return string(answer[:n])
}
