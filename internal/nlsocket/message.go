package nlsocket

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrTruncated says that a message is shorter than it should be.
var ErrTruncated = errors.New("truncated netlink message")

// Begin begins a request of a kind (RTM_* and so on) with flags (NLM_F_*): its header, struct nlmsghdr
// of netlink(7), behind which its data is
// to be appended, some multiple of four bytes, as that of attributes is.
func Begin(kind, flags int) []byte {
	b := make([]byte, unix.SizeofNlMsghdr, 512)
	binary.NativeEndian.PutUint16(b[4:], uint16(kind))
	binary.NativeEndian.PutUint16(b[6:], uint16(flags|unix.NLM_F_REQUEST))
	return b
}

// Acknowledge makes a request one that is answered if it succeeds too.
func Acknowledge(request []byte) {
	binary.NativeEndian.PutUint16(request[6:], flagsOf(request)|unix.NLM_F_ACK)
}

func flagsOf(request []byte) uint16 { return binary.NativeEndian.Uint16(request[6:]) }

func finish(request []byte, seq uint32) {
	binary.NativeEndian.PutUint32(request, uint32(len(request)))
	binary.NativeEndian.PutUint32(request[8:], seq)
}

// reply is one message of the kernel's.
type reply struct {
	kind, flags uint16
	seq         uint32
	data        []byte
}

func next(b []byte) (m reply, rest []byte, err error) {
	if len(b) < unix.SizeofNlMsghdr {
		return m, nil, ErrTruncated
	}
	length := int(binary.NativeEndian.Uint32(b))
	if length < unix.SizeofNlMsghdr || length > len(b) {
		return m, nil, ErrTruncated
	}
	m = reply{
		kind: binary.NativeEndian.Uint16(b[4:]), flags: binary.NativeEndian.Uint16(b[6:]), seq: binary.NativeEndian.Uint32(b[8:]),
		data: b[unix.SizeofNlMsghdr:length],
	}
	return m, b[min(aligned(length), len(b)):], nil
}

func aligned(length int) int { return (length + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1) }

// last reports whether it is an acknowledgement, an error, or the end of a dump.
func (m reply) last() bool { return m.kind == unix.NLMSG_ERROR || m.kind == unix.NLMSG_DONE }

// err is what an acknowledgement or the end of a dump says, with the kernel's words if it
// sends any (NLMSGERR_ATTR_MSG).
func (m reply) err() error {
	if !m.last() || len(m.data) < 4 {
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
		skip = 4 + aligned(int(binary.NativeEndian.Uint32(m.data[4:])))
	}
	const text = 1 // NLMSGERR_ATTR_MSG of uapi/linux/netlink.h
	value, _ := Attribute(m.data[min(skip, len(m.data)):], text)
	return unix.ByteSliceToString(value)
}
