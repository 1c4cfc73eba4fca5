package netfilter

import (
	"bytes"
	"errors"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

const (
	// socketBuffer holds a batch of tens of thousands of elements and its acknowledgements.
	socketBuffer = 16 << 20
	// answerLimit is how long an answer of the kernel may take. It is far beyond any real time, and there so that a lock held meanwhile is not held for ever.
	answerLimit = time.Minute
)

// Conn is a way to nftables in the namespace of the thread that first uses it. It is not safe
// for concurrent use.
type Conn struct {
	// Each is nil until it is needed.
	nft   *nftables.Conn   // for tables with all that is in them
	whole *netlink.Conn    // the socket of nft
	plain *nlsocket.Socket // for elements, and to ask for a single thing
}

// Close closes the sockets. After a deletion the kernel lets that wait for a grace period
// (nf_tables_rcv_nl_event in net/netfilter/nf_tables_api.c), so nobody should hold a lock.
func (c *Conn) Close() error {
	c.dropSocket()
	if c.nft == nil {
		return nil
	}
	err := c.nft.CloseLasting()
	c.nft = nil
	return err
}

// socket opens the plain socket at the first call.
func (c *Conn) socket() (*nlsocket.Socket, error) {
	if c.plain != nil {
		return c.plain, nil
	}
	s, err := nlsocket.Open(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, failure.To("open nftables socket", err)
	}
	if err := s.Limit(answerLimit); err != nil {
		s.Close()
		return nil, failure.To("limit wait for nftables", err)
	}
	c.plain = s
	return s, nil
}

// With runs fn with the plain socket, by which other parts of netfilter can be asked too. A process should
// have no second one: the close of each may wait for a grace period.
func (c *Conn) With(fn func(*nlsocket.Socket) error) error {
	socket, err := c.socket()
	if err != nil {
		return err
	}
	if err = fn(socket); err != nil { // it may hold answers that nobody has read
		c.dropSocket()
	}
	return err
}

// request puts a question at the plain socket.
func (c *Conn) request(question attributes) (answers [][]byte, err error) {
	err = c.each(question, func(answer []byte) { answers = append(answers, bytes.Clone(answer)) })
	return answers, err
}

// each is request for answers that may be too many to be kept.
func (c *Conn) each(question attributes, fn func([]byte)) error {
	socket, err := c.socket()
	if err != nil {
		return err
	}
	err = socket.Each(question, fn)
	whole := err == nil || errors.Is(err, unix.ENOENT) || errors.Is(err, nlsocket.ErrInterrupted)
	if !whole { // the rest may come yet
		c.dropSocket()
	}
	return err
}

func (c *Conn) dropSocket() {
	if c.plain != nil {
		c.plain.Close()
		c.plain = nil
	}
}

// Open returns the connection for reading and for collecting a batch. The socket is opened
// at the first call; each call is one use.
func (c *Conn) Open() (*nftables.Conn, error) {
	if c.nft == nil {
		conn, err := nftables.New(nftables.AsLasting(), nftables.WithSockOptions(func(s *netlink.Conn) error {
			c.whole = s
			return errors.Join(s.SetReadBuffer(socketBuffer), s.SetWriteBuffer(socketBuffer))
		}))
		if err != nil {
			return nil, failure.To("open nftables socket", err)
		}
		c.nft = conn
	}
	return c.nft, c.whole.SetDeadline(time.Now().Add(answerLimit))
}

// Batch makes the changes that collect asks for in one transaction, or none of them.
func (c *Conn) Batch(collect func(*nftables.Conn) error) error {
	conn, err := c.Open()
	if err != nil {
		return err
	}
	if err := errors.Join(collect(conn), conn.Flush()); err != nil {
		// The socket may hold answers that nobody has read.
		return errors.Join(err, c.Close())
	}
	return nil
}

// IsDrift reports whether a batch failed because elements, sets or chains are not there, or
// have another value: someone else has changed our table.
func IsDrift(err error) bool {
	for _, drift := range []error{errOtherwise, unix.ENOENT, unix.EEXIST, unix.EBUSY, unix.ENOTEMPTY} {
		if errors.Is(err, drift) {
			return true
		}
	}
	return false
}
