package netfilter

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// answerBuffer is far more than what the kernel says of one chain or element.
const answerBuffer = 16 << 10

var errAnswer = errors.New("the kernel's answer can't be read")

// ask puts one question about nftables, of a type NFT_MSG_*, and returns the answer from its
// struct nfgenmsg on. It has a plain socket of its own: those of the netlink package are
// made for more, and to make one costs more than the question. The kernel answers within the
// call that sends.
func ask(kind uint16, question []byte) (answer []byte, err error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, fmt.Errorf("open nftables socket: %w", err)
	}
	defer unix.Close(fd)
	message := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(question)))
	message = binary.NativeEndian.AppendUint16(message, unix.NFNL_SUBSYS_NFTABLES<<8|kind)
	message = binary.NativeEndian.AppendUint16(message, unix.NLM_F_REQUEST)
	message = append(append(message, make([]byte, 8)...), question...) // sequence number and sender
	if err := untilDone(func() error { return unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) }); err != nil {
		return nil, err
	}
	buffer, n := make([]byte, answerBuffer), 0
	err = untilDone(func() (err error) {
		n, _, err = unix.Recvfrom(fd, buffer, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	return payload(buffer[:n])
}

// payload takes the first message of an answer apart (struct nlmsghdr, netlink(7)).
func payload(b []byte) ([]byte, error) {
	const head = unix.SizeofNlMsghdr + 4
	if len(b) < head {
		return nil, errAnswer
	}
	length := int(binary.NativeEndian.Uint32(b))
	if length < head || length > len(b) {
		return nil, errAnswer
	}
	b, kind := b[unix.SizeofNlMsghdr:length], binary.NativeEndian.Uint16(b[4:])
	if kind != unix.NLMSG_ERROR {
		return b, nil
	}
	return nil, unix.Errno(-int32(binary.NativeEndian.Uint32(b)))
}

func untilDone(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
