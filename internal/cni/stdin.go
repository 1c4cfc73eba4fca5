package cni

import (
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/containernetworking/cni/pkg/types"
	"golang.org/x/sys/unix"

	"vethbridge/internal/plainjson"
)

const (
	// maxConfig is far above any real config; more is a mistake or an attack.
	maxConfig = 1 << 20
	// usualConfig has room for a hundred ports.
	usualConfig = 16 << 10
	// stdinLimit is how long a runtime may take to hand over the config.
	stdinLimit = 30 * time.Second
)

var errTooLong = errors.New("config is longer than 1 MiB")

// boundStdin returns the config that came in time. It replaces os.Stdin, which skel reads to its end without any
// limit, by a file in memory with what skel looks at.
func boundStdin() (*received, *types.Error) {
	data, err := readUntil(unix.Stdin, time.Now().Add(stdinLimit))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, types.NewError(uint(CodeIO), "read config from stdin: no end of input after "+stdinLimit.String(),
			"the runtime must close the plugin's standard input after the config")
	case err == nil && len(data) > maxConfig:
		err = errTooLong
	}
	config := receive(data)
	if err == nil {
		err = setStdin(config.essence())
	}
	if err != nil {
		return nil, types.NewError(uint(CodeIO), "read config from stdin: "+err.Error(), "")
	}
	return config, nil
}

// essence is the two keys of a config that skel wants. It would decode the whole twice, by encoding/json. A config that
// can't be read goes to it as it is, for the error is its own.
func (c *received) essence() []byte {
	type keys struct {
		CNIVersion string `json:"cniVersion,omitempty"`
		Name       string `json:"name,omitempty"`
	}
	text, err := plainjson.Marshal(keys{c.keys.CNIVersion, c.keys.Name})
	if err != nil || c.err != nil {
		return c.text
	}
	return text
}

// readUntil reads to the end, or a bit more than maxConfig. It waits by poll(2): a goroutine
// beside a timer would take two threads more.
func readUntil(fd int, deadline time.Time) ([]byte, error) {
	data := make([]byte, 0, usualConfig)
	for len(data) <= maxConfig {
		left := time.Until(deadline)
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(max(left, 0).Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, err
		case ready == 0:
			return nil, os.ErrDeadlineExceeded
		}
		data = slices.Grow(data, 1)
		n, err := unix.Read(fd, data[len(data):cap(data)])
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
		case err != nil:
			return nil, err
		case n == 0:
			return data, nil
		}
		data = data[:len(data)+max(n, 0)]
	}
	return data, nil
}

func setStdin(data []byte) error {
	fd, err := unix.MemfdCreate("cni-config", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "stdin")
	if _, err := f.Write(data); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	os.Stdin = f
	return nil
}
