package nlsocket

import (
	"encoding/binary"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
)

// aboutLink is a request about the link of an index: 1 is lo.
func aboutLink(kind, flags, index int) []byte {
	info := make([]byte, unix.SizeofIfInfomsg)
	info[4] = byte(index)
	return append(Begin(kind, flags), info...)
}

func open(t *testing.T) *Socket {
	t.Helper()
	netnstest.Inside(t)
	s, err := Open(unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAnswersOfAnotherRequestAreNotTaken(t *testing.T) {
	s := open(t)
	open := aboutLink(unix.RTM_GETLINK, 0, 99) // would be answered by ENODEV
	s.finish(open)
	if err := s.send([][]byte{open}); err != nil {
		t.Fatal(err)
	}
	answers, err := s.Ask(aboutLink(unix.RTM_GETLINK, 0, 1))
	if err != nil || len(answers) != 1 {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	name, _ := Attribute(answers[0][unix.SizeofIfInfomsg:], unix.IFLA_IFNAME)
	if unix.ByteSliceToString(name) != "lo" {
		t.Errorf("the answer is about %q", name)
	}
}

func TestTheKernelsReasonIsSaidInItsWords(t *testing.T) {
	s := open(t)
	if err := s.Set(unix.NETLINK_EXT_ACK); err != nil {
		t.Fatal(err)
	}
	if err := s.Set(unix.NETLINK_GET_STRICT_CHK); err != nil {
		t.Fatal(err)
	}
	odd := aboutLink(unix.RTM_GETLINK, 0, 1)
	odd[unix.SizeofNlMsghdr+8] = 1 // flags, which no question has
	_, err := s.Ask(odd)
	if !errors.Is(err, unix.EINVAL) || err.Error() == unix.EINVAL.Error() {
		t.Errorf("refused with %v", err)
	}
}

func TestABatchEndsWithItsFirstErrorOrItsAcknowledgement(t *testing.T) {
	s := open(t)
	good := func() []byte { return aboutLink(unix.RTM_NEWLINK, 0, 1) }
	last := good()
	Acknowledge(last)
	if err := s.Batch([][]byte{good(), last}); err != nil {
		t.Errorf("good requests: %v", err)
	}
	last = good()
	Acknowledge(last)
	if err := s.Batch([][]byte{good(), aboutLink(unix.RTM_NEWLINK, 0, 99), last}); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a bad one among them: %v", err)
	}
	many := make([][]byte, mostBuffers+1)
	for i := range many {
		many[i] = good()
	}
	Acknowledge(many[mostBuffers])
	if err := s.Batch(many); err != nil {
		t.Errorf("more than one call takes: %v", err)
	}
}

// Without root on the host nobody is CAP_NET_ADMIN there, and ports are published all the same.
func TestRoomIsMadeWithoutPowerOverTheHost(t *testing.T) {
	s := open(t)
	withoutCapability(t, unix.CAP_NET_ADMIN) // of a thread that ends with the test
	const wanted = 200 << 10
	before := sendBuffer(t, s)
	if err := s.Reserve(wanted); err != nil {
		t.Fatal(err)
	}
	if got := sendBuffer(t, s); got < wanted || got <= before {
		t.Errorf("%d bytes fit, before %d", got, before)
	}
}

func TestTheFirstErrorOfManyIsSaidHoweverLongTheRequests(t *testing.T) {
	s := open(t)
	var batch [][]byte
	for range 30 {
		const unknown, length = 0x1fff, 60_000
		long := binary.NativeEndian.AppendUint16(aboutLink(unix.RTM_NEWLINK, 0, 99), length)
		long = binary.NativeEndian.AppendUint16(long, unknown)
		batch = append(batch, append(long, make([]byte, length-unix.SizeofNlAttr)...))
	}
	Acknowledge(batch[len(batch)-1])
	if err := s.Reserve(30 * 60_100); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_RCVBUF, 200<<10); err != nil { // as little as some hosts give
		t.Fatal(err)
	}
	if err := s.Batch(batch); !errors.Is(err, unix.ENODEV) {
		t.Errorf("about a link that is not there: %v", err)
	}
}

func sendBuffer(t *testing.T, s *Socket) int {
	t.Helper()
	n, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func withoutCapability(t *testing.T, which int) {
	t.Helper()
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		t.Fatal(err)
	}
	data[which/32].Effective &^= 1 << (which % 32)
	if err := unix.Capset(&head, &data[0]); err != nil {
		t.Fatal(err)
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4})
	f.Add([]byte{36, 0, 0, 0, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 255, 255, 255, 255, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; len(rest) > 0; {
			m, behind, err := next(rest)
			if err != nil {
				return
			}
			if len(behind) >= len(rest) {
				t.Fatal("no message is taken")
			}
			_ = m.err()
			Attribute(m.data, 1)
			rest = behind
		}
	})
}
