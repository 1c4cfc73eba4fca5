package trace

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Answer is what became of a packet that was sent.
type Answer string

// What a client hears; an error of any other kind, as of a router that refuses, in the kernel's words.
const (
	Answered Answer = "the connection was accepted"
	Refused  Answer = "the connection was refused"
	Silence  Answer = "no answer came within a second"
	Sent     Answer = "" // a datagram asks for no answer
)

// patience is the wait for an answer, in milliseconds: as long as TCP waits before it repeats.
const patience = int(time.Second / time.Millisecond)

// Send opens a connection and closes it, or sends an empty datagram, from the namespace of the
// calling thread.
func Send(w Wanted) (Answer, error) {
	kind, family := unix.SOCK_STREAM, unix.AF_INET
	if w.Protocol == unix.IPPROTO_UDP {
		kind = unix.SOCK_DGRAM
	}
	if w.From.Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return Sent, err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, address(w.From.AsSlice(), 0)); err != nil {
		return Sent, err
	}
	to := address(w.To.Addr().AsSlice(), int(w.To.Port()))
	if kind == unix.SOCK_DGRAM {
		if err := unix.Sendto(fd, nil, 0, to); err != nil {
			return heard(err), nil
		}
		return Sent, nil
	}
	if err := unix.Connect(fd, to); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		return heard(err), nil
	}
	return wait(fd)
}

func heard(err error) Answer {
	if errors.Is(err, unix.ECONNREFUSED) {
		return Refused
	}
	return Answer("the client was told: " + err.Error())
}

func address(ip []byte, port int) unix.Sockaddr {
	if len(ip) == 4 {
		return &unix.SockaddrInet4{Port: port, Addr: [4]byte(ip)}
	}
	return &unix.SockaddrInet6{Port: port, Addr: [16]byte(ip)}
}

func wait(fd int) (Answer, error) {
	ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(ready, patience)
	for errors.Is(err, unix.EINTR) {
		n, err = unix.Poll(ready, patience)
	}
	switch {
	case err != nil:
		return Sent, err
	case n == 0:
		return Silence, nil
	}
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return Sent, err
	case code == 0:
		return Answered, nil
	}
	return heard(unix.Errno(code)), nil
}
