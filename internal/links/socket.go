package links

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// receiveBuffer holds whatever the kernel sends at once (netlink(7) asks for 8 KiB at least; a
// dump comes in pieces of 32 KiB).
const receiveBuffer = 64 << 10

// requests is a netlink socket for all that an ADD or DEL does. The netlink package's own
// calls cost several times as much: 64 KiB cleared for every answer, a poller, and replies
// decoded whole by reflection.
type requests struct {
	turn   sync.Mutex // one request and its answers at a time
	fd     int
	seq    uint32
	buffer []byte
}

// openRequests opens a socket in the namespace of the calling thread. It stays the socket of
// that namespace wherever it is used.
func openRequests() (*requests, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	// With these the kernel says in words what it refuses, and takes the link of a request
	// for addresses as a filter. Both are only improvements.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &requests{fd: fd, buffer: make([]byte, receiveBuffer)}, nil
}

func (r *requests) close() { unix.Close(r.fd) }

// do sends a request and returns what it is answered with, without the headers. Rtnetlink does
// its work within the call that sends, so there is never a wait for an answer.
func (r *requests) do(kind, flags int, data ...nl.NetlinkRequestData) ([][]byte, error) {
	r.turn.Lock()
	defer r.turn.Unlock()
	r.seq++
	if err := r.send(encode(kind, flags, r.seq, data)); err != nil {
		return nil, err
	}
	var replies [][]byte
	var interrupted error
	for {
		n, err := r.receive()
		if err != nil {
			return nil, err
		}
		for rest := r.buffer[:n]; len(rest) > 0; {
			var m reply
			if m, rest, err = nextReply(rest); err != nil {
				return nil, err
			}
			if m.seq != r.seq {
				continue
			}
			if m.flags&unix.NLM_F_DUMP_INTR != 0 {
				interrupted = netlink.ErrDumpInterrupted
			}
			if m.kind == unix.NLMSG_ERROR || m.kind == unix.NLMSG_DONE {
				return replies, errors.Join(m.err(), interrupted)
			}
			replies = append(replies, append([]byte(nil), m.data...))
			if m.flags&unix.NLM_F_MULTI == 0 && flags&unix.NLM_F_ACK == 0 {
				return replies, nil
			}
		}
	}
}

func (r *requests) send(message []byte) error {
	for {
		err := unix.Sendto(r.fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		if err != unix.EINTR {
			return err
		}
	}
}

// receive reads what the kernel has sent; messages of other processes are left out.
func (r *requests) receive() (n int, err error) {
	for {
		n, from, err := unix.Recvfrom(r.fd, r.buffer, 0)
		if sender, ok := from.(*unix.SockaddrNetlink); err == nil && (!ok || sender.Pid != 0) {
			continue
		}
		if err != unix.EINTR {
			return n, err
		}
	}
}

// encode puts a message together: struct nlmsghdr (netlink(7)) and its data.
func encode(kind, flags int, seq uint32, data []nl.NetlinkRequestData) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, 512)
	for _, d := range data {
		b = append(b, d.Serialize()...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], uint16(kind))
	binary.NativeEndian.PutUint16(b[6:], uint16(flags|unix.NLM_F_REQUEST))
	binary.NativeEndian.PutUint32(b[8:], seq)
	return b
}

// reply is one message of the kernel's.
type reply struct {
	kind, flags uint16
	seq         uint32
	data        []byte
}

var errTruncated = errors.New("truncated netlink message")

func nextReply(b []byte) (m reply, rest []byte, err error) {
	if len(b) < unix.SizeofNlMsghdr {
		return m, nil, errTruncated
	}
	length := int(binary.NativeEndian.Uint32(b))
	if length < unix.SizeofNlMsghdr || length > len(b) {
		return m, nil, errTruncated
	}
	m = reply{
		kind: binary.NativeEndian.Uint16(b[4:]), flags: binary.NativeEndian.Uint16(b[6:]), seq: binary.NativeEndian.Uint32(b[8:]),
		data: b[unix.SizeofNlMsghdr:length],
	}
	aligned := (length + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1)
	return m, b[min(aligned, len(b)):], nil
}

// err is what an acknowledgement or the end of a dump says, with the kernel's words if it
// sends any (NLMSGERR_ATTR_MSG).
func (m reply) err() error {
	if len(m.data) < 4 {
		return nil
	}
	errno := -int32(binary.NativeEndian.Uint32(m.data))
	if errno == 0 {
		return nil
	}
	if words := m.words(); words != "" {
		return fmt.Errorf("%w: %s", unix.Errno(errno), words)
	}
	return unix.Errno(errno)
}

func (m reply) words() string {
	const head = 4 + unix.SizeofNlMsghdr // the error, and the header of the request
	if m.kind != unix.NLMSG_ERROR || m.flags&unix.NLM_F_ACK_TLVS == 0 || len(m.data) < head {
		return ""
	}
	skip := head
	if m.flags&unix.NLM_F_CAPPED == 0 { // the whole of the request
		skip = 4 + int(binary.NativeEndian.Uint32(m.data[4:]))
	}
	if skip > len(m.data) {
		return ""
	}
	attrs, err := nl.ParseRouteAttrAsMap(m.data[skip:])
	if err != nil {
		return ""
	}
	return unix.ByteSliceToString(attrs[nl.NLMSGERR_ATTR_MSG].Value)
}
