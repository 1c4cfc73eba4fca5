package main

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// packets are those of a turn.
const packets = 5000

// datagrams sends small datagrams that nobody reads from one namespace to another, and returns the CPU time
// of each in nanoseconds: the kernel takes it through the bridge before the call is over, so that others
// on the machine are not in it. The first one is answered, as clients' are.
func datagrams(server, client string) (nanoseconds float64, err error) {
	var to net.PacketConn
	err = within(server, func() (err error) {
		to, err = net.ListenPacket("udp", serverAddress+":0")
		return err
	})
	if err != nil {
		return 0, err
	}
	defer to.Close()
	err = within(client, func() (err error) {
		nanoseconds, err = sending(to)
		return err
	})
	return nanoseconds, err
}

func sending(to net.PacketConn) (nanoseconds float64, err error) {
	c, err := net.Dial("udp", to.LocalAddr().String())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := greet(c, to); err != nil {
		return 0, err
	}
	begin, err := threadTime()
	if err != nil {
		return 0, err
	}
	for range packets {
		if _, err := c.Write([]byte("x")); err != nil {
			return 0, err
		}
	}
	end, err := threadTime()
	return float64((end - begin).Nanoseconds()) / packets, err
}

// greet sends one and waits for the answer.
func greet(c net.Conn, to net.PacketConn) error {
	var b [1]byte
	if _, err := c.Write(b[:]); err != nil {
		return err
	}
	_, from, err := to.ReadFrom(b[:])
	if err != nil {
		return err
	}
	if _, err := to.WriteTo(b[:], from); err != nil {
		return err
	}
	_, err = c.Read(b[:])
	return err
}

// threadTime is the CPU time of the calling thread.
func threadTime() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}
