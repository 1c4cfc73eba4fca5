package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
)

// serve answers on a TCP and a UDP port, on all addresses of both families, until it is
// killed. It prints a line as soon as it listens.
func serve(name, port string) error {
	tcp, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	udp, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	go answerUDP(udp, name)
	for {
		c, err := tcp.Accept()
		if err != nil {
			return err
		}
		go answerTCP(c, name)
	}
}

// answerTCP answers, and then says again what it hears, until the client goes.
func answerTCP(c net.Conn, name string) {
	defer c.Close()
	fmt.Fprintln(c, answer(name, c.RemoteAddr()))
	_, _ = io.Copy(c, c)
}

func answerUDP(udp net.PacketConn, name string) {
	var question [16]byte
	for {
		_, from, err := udp.ReadFrom(question[:])
		if err != nil {
			return
		}
		_, _ = udp.WriteTo([]byte(answer(name, from)+"\n"), from)
	}
}

func answer(name string, from net.Addr) string {
	source := netip.MustParseAddrPort(from.String()).Addr().Unmap()
	return fmt.Sprintf("%s saw %s", name, source)
}
