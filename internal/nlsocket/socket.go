package nlsocket

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// receiveBuffer holds whatever the kernel sends at once (netlink(7) asks for 8 KiB at least; a
// dump comes in pieces of 32 KiB).
const receiveBuffer = 64 << 10

// ErrInterrupted says that what was listed changed meanwhile (NLM_F_DUMP_INTR): something may be
// missing, or be there twice. It comes together with all the answers, and with no other error.
var ErrInterrupted = errors.New("what was listed changed meanwhile")

// Socket is a netlink socket of one protocol. It stays the socket of the network namespace in which
// it was opened, wherever it is used. It is safe for concurrent use.
type Socket struct {
	turn   sync.Mutex // one request and its answers at a time
	fd     int
	seq    uint32
	buffer []byte
}

// Open opens a socket of a protocol, as NETLINK_ROUTE, in the namespace of the calling thread.
func Open(protocol int) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return nil, failure.To("open netlink socket", err)
	}
	return &Socket{fd: fd, buffer: make([]byte, receiveBuffer)}, nil
}

// Close closes the socket.
func (s *Socket) Close() { unix.Close(s.fd) }

// FD is the file descriptor, for what is asked of a network namespace by any socket of it.
func (s *Socket) FD() int { return s.fd }

// Set turns on an option of netlink(7), as NETLINK_EXT_ACK, by which the kernel says in words what it
// refuses.
func (s *Socket) Set(option int) error {
	return unix.SetsockoptInt(s.fd, unix.SOL_NETLINK, option, 1)
}

// Limit is how long each answer may take. Without one it may take for ever.
func (s *Socket) Limit(d time.Duration) error {
	t := unix.NsecToTimeval(d.Nanoseconds())
	return unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &t)
}

// Reserve makes room for messages of so many bytes, and for as many of answers, whatever the host
// lets programs have. Only who is CAP_NET_ADMIN of the whole host may: to others, as where there is no root, it
// gives what any program may have (Documentation/admin-guide/sysctl/net.rst). An answer that found no room would take
// the place of the first error, so errors come without a copy of what they answer.
func (s *Socket) Reserve(bytes int) error {
	_ = s.Set(unix.NETLINK_CAP_ACK)
	for _, o := range []struct{ force, ask int }{{unix.SO_SNDBUFFORCE, unix.SO_SNDBUF}, {unix.SO_RCVBUFFORCE, unix.SO_RCVBUF}} {
		err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o.force, bytes)
		if err == unix.EPERM {
			err = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, o.ask, bytes)
		}
		if err != nil {
			return failure.To("make room in netlink socket", err)
		}
	}
	return nil
}

// Ask sends a request that Begin began, and returns what it is answered with, without the headers.
func (s *Socket) Ask(request []byte) (replies [][]byte, err error) {
	err = s.Each(request, func(data []byte) { replies = append(replies, append([]byte(nil), data...)) })
	return replies, err
}

// Each is Ask for answers that may be too many to be kept: it calls fn with each of them as it comes. What
// fn is given is overwritten afterwards.
func (s *Socket) Each(request []byte, fn func(data []byte)) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.finish(request)
	if err := s.send([][]byte{request}); err != nil {
		return err
	}
	acknowledged := flagsOf(request)&unix.NLM_F_ACK != 0
	var interrupted error
	return s.each(func(m reply) (done bool, err error) {
		if m.seq != s.seq {
			return false, nil
		}
		if m.flags&unix.NLM_F_DUMP_INTR != 0 {
			interrupted = ErrInterrupted
		}
		if m.last() {
			return true, cmp.Or(m.err(), interrupted)
		}
		fn(m.data)
		return m.flags&unix.NLM_F_MULTI == 0 && !acknowledged, nil
	})
}

// Batch sends requests together, and returns the first error. The kernel answers those that fail and
// those that want an acknowledgement, of which the last one must be one. After an error the
// socket may hold answers that nobody has read.
func (s *Socket) Batch(requests [][]byte) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	var awaited uint32
	for _, r := range requests {
		if s.finish(r); flagsOf(r)&unix.NLM_F_ACK != 0 {
			awaited = s.seq
		}
	}
	if err := s.send(requests); err != nil {
		return err
	}
	return s.each(func(m reply) (done bool, err error) {
		err = m.err()
		return err != nil || m.seq == awaited, err
	})
}

// finish fills in what a message is to know of itself.
func (s *Socket) finish(message []byte) {
	s.seq++
	finish(message, s.seq)
}

// mostBuffers are those that one sendmsg(2) takes (UIO_MAXIOV).
const mostBuffers = 1024

func (s *Socket) send(messages [][]byte) error {
	if len(messages) > mostBuffers {
		messages = [][]byte{slices.Concat(messages...)}
	}
	for {
		_, err := unix.SendmsgBuffers(s.fd, messages, nil, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}, 0)
		if err != unix.EINTR {
			return err
		}
	}
}

// each calls fn with the kernel's messages until it is done or fails.
func (s *Socket) each(fn func(reply) (done bool, err error)) error {
	for {
		n, err := s.receive()
		if err != nil {
			return err
		}
		for rest := s.buffer[:n]; len(rest) > 0; {
			var m reply
			if m, rest, err = next(rest); err != nil {
				return err
			}
			if done, err := fn(m); done || err != nil {
				return err
			}
		}
	}
}

// receive reads what the kernel has sent; messages of other processes are left out.
func (s *Socket) receive() (n int, err error) {
	for {
		n, from, err := unix.Recvfrom(s.fd, s.buffer, 0)
		if sender, ok := from.(*unix.SockaddrNetlink); err == nil && (!ok || sender.Pid != 0) {
			continue
		}
		if err != unix.EINTR {
			return n, err
		}
	}
}
