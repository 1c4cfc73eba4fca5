package integration

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"vethbridge/integration/testbed"
)

// movingNetwork is the demo host with a rich uplink and a network that takes it over.
func movingNetwork(t *testing.T) (*testbed.Host, testbed.Network) {
	h, n := newDemo(t)
	richUplink(h)
	return h, lanNetwork(n).With(0, "uplinkMoveAddresses", true)
}

// TestAKillAtEverySystemCallOfAMoveIsUndoneByDel places the kill before every system call of an
// ADD and of a DEL that move the uplink's addresses.
func TestAKillAtEverySystemCallOfAMoveIsUndoneByDel(t *testing.T) {
	for _, command := range []string{"ADD", "DEL"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			h, n := movingNetwork(t)
			before := h.Snapshot()
			c := testbed.Container{ID: "web", Netns: h.NewContainer()}
			killEverywhere(t, n, c, command, 0, 1, func() {
				n.Del(t, c, nil)
				h.Same(t, before)
			})
		})
	}
}

// TestAKillAnywhereInAMoveIsCompletedByTheNextAdd has another container finish what
// a killed ADD began; when both are gone, the uplink is as it was.
func TestAKillAnywhereInAMoveIsCompletedByTheNextAdd(t *testing.T) {
	h, n := movingNetwork(t)
	before := h.Snapshot()
	h.Serve(h.LAN, "tcp", 7000, "lan")
	killed := testbed.Container{ID: "killed", Netns: h.NewContainer()}
	killEverywhere(t, n, killed, "ADD", 0, 7, func() {
		c, result := attach(t, h, n, "web")
		if a := n.Check(t, c, result.Raw); a.Exit != 0 {
			t.Errorf("CHECK: %s", a.Stdout)
		}
		expect(t, h, c.Netns, "tcp", testbed.LANAddr4, 7000, "lan", "")
		n.Del(t, c, result.Raw)
		n.Del(t, killed, nil)
		h.Same(t, before)
	})
}

// TestHostStaysReachableWhileItsAddressesMove keeps a TCP connection and a stream of UDP
// questions from the LAN to the host going while the addresses move to the bridge and back.
// The kernel drops what comes in during the moment in which a port joins its bridge, so that
// a move may cost a question.
func TestHostStaysReachableWhileItsAddressesMove(t *testing.T) {
	for _, address := range []string{testbed.HostAddr4, testbed.HostAddr6} {
		t.Run(address, func(t *testing.T) {
			h, n := movingNetwork(t)
			echo(t, address)
			stop := make(chan struct{})
			var done sync.WaitGroup
			var asked, lost int
			udp, tcp := dial(t, h, "udp", address), dial(t, h, "tcp", address)
			done.Go(func() { asked, lost = question(udp, stop) })
			done.Go(func() {
				if err := converse(tcp, stop); err != nil {
					t.Errorf("the TCP connection broke: %v", err)
				}
			})
			for range 5 {
				c := testbed.Container{ID: "web", Netns: h.NewContainer()}
				n.Del(t, c, n.Add(t, c).Raw)
			}
			close(stop)
			done.Wait()
			t.Logf("%d of %d questions stayed without an answer", lost, asked)
			if asked < 100 || lost > 10 {
				t.Errorf("%d of %d questions stayed without an answer while the addresses moved ten times", lost, asked)
			}
		})
	}
}

const echoPort = "7001"

// echo answers on an address of the host, UDP and TCP, with what it is sent.
func echo(t *testing.T, address string) {
	t.Helper()
	packets, err := net.ListenPacket("udp", net.JoinHostPort(address, echoPort))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, echoPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { packets.Close(); listener.Close() })
	go func() {
		var b [64]byte
		for n, from, err := packets.ReadFrom(b[:]); err == nil; n, from, err = packets.ReadFrom(b[:]) {
			_, _ = packets.WriteTo(b[:n], from)
		}
	}()
	go func() {
		if c, err := listener.Accept(); err == nil {
			_, _ = c.(*net.TCPConn).ReadFrom(c)
			c.Close()
		}
	}()
}

func dial(t *testing.T, h *testbed.Host, network, address string) (c net.Conn) {
	t.Helper()
	err := h.In(h.LAN, func() (err error) {
		c, err = net.Dial(network, net.JoinHostPort(address, echoPort))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// question sends one datagram after the other and counts those without an answer. One that comes late is that of a
// former one.
func question(c net.Conn, stop chan struct{}) (asked, lost int) {
	var b [64]byte
	for {
		select {
		case <-stop:
			return asked, lost
		default:
		}
		asked++
		text := fmt.Sprint(asked)
		_ = c.SetDeadline(time.Now().Add(500 * time.Millisecond))
		_, _ = c.Write([]byte(text))
		n, err := c.Read(b[:])
		for err == nil && string(b[:n]) != text {
			n, err = c.Read(b[:])
		}
		if err != nil {
			lost++
		}
	}
}

// converse sends and receives on a stream until stop.
func converse(c net.Conn, stop chan struct{}) error {
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	var b [1]byte
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if _, err := c.Write(b[:]); err != nil {
			return err
		}
		if _, err := c.Read(b[:]); err != nil {
			return err
		}
	}
}
