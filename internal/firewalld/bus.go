package firewalld

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// limit is how long an answer may take: firewalld gives none while it loads its rules.
const limit = 10 * time.Second

// RefusedError is an answer that is an error.
type RefusedError struct {
	Name    string // such as org.fedoraproject.FirewallD1.Exception
	Message string // such as INVALID_ZONE: attic
}

// Error returns the message, which says more than the name.
func (e *RefusedError) Error() string {
	if e.Message == "" {
		return e.Name
	}
	return e.Message
}

// call connects to the system's bus, makes one call, and returns the first text of the answer.
func call(ctx context.Context, m message) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	conn, err := connect(address(os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")))
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED) {
		return "", ErrNotRunning
	}
	if err != nil {
		return "", failure.To("connect to D-Bus", err)
	}
	defer conn.Close()
	b := bus{conn: conn, reader: bufio.NewReader(conn)}
	if err := b.authenticate(); err != nil {
		return "", failure.To("authenticate to D-Bus", err)
	}
	hello := message{path: "/org/freedesktop/DBus", iface: "org.freedesktop.DBus", member: "Hello", destination: "org.freedesktop.DBus"}
	if _, err := b.ask(hello); err != nil {
		return "", failure.To("say hello to D-Bus", err)
	}
	text, err := b.ask(m)
	var refused *RefusedError
	if errors.As(err, &refused) && (refused.Name == "org.freedesktop.DBus.Error.ServiceUnknown" || refused.Name == "org.freedesktop.DBus.Error.NameHasNoOwner") {
		return "", ErrNotRunning
	}
	return text, err
}

// connect makes a socket by which each read and write is over in time. Package net would make the
// executable 300 KB larger.
func connect(path string) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	conn := os.NewFile(uintptr(fd), path)
	wait := unix.NsecToTimeval(int64(limit))
	if err := errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
		unix.Connect(fd, &unix.SockaddrUnix{Name: path}),
	); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// address takes the socket out of a list of addresses (D-Bus specification, "Server Addresses").
func address(list string) string {
	for entry := range strings.SplitSeq(list, ";") {
		if path, ok := strings.CutPrefix(entry, "unix:path="); ok {
			path, _, _ = strings.Cut(path, ",")
			return path
		}
	}
	return "/run/dbus/system_bus_socket"
}

type bus struct {
	conn   *os.File
	reader *bufio.Reader
	serial uint32
}

// authenticate says who we are, which the socket proves (D-Bus specification, "EXTERNAL").
func (b *bus) authenticate() error {
	id := hex.EncodeToString([]byte(strconv.Itoa(os.Getuid())))
	if _, err := b.conn.Write([]byte("\x00AUTH EXTERNAL " + id + "\r\n")); err != nil {
		return err
	}
	line, err := b.reader.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "OK ") {
		return fmt.Errorf("the bus answers %q", line)
	}
	_, err = b.conn.Write([]byte("BEGIN\r\n"))
	return err
}

// ask makes a call and waits for its answer; what else the bus has to say is passed over.
func (b *bus) ask(m message) (string, error) {
	b.serial++
	if _, err := b.conn.Write(m.encode(b.serial)); err != nil {
		return "", err
	}
	for {
		a, err := readAnswer(b.reader)
		if err != nil {
			return "", err
		}
		if a.to != b.serial {
			continue
		}
		if a.failed != "" {
			return "", &RefusedError{Name: a.failed, Message: a.text}
		}
		return a.text, nil
	}
}
