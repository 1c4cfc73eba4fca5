package cni

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/containernetworking/cni/pkg/types"
	"golang.org/x/sys/unix"
)

const (
	// maxConfig is far above any real config; more is a mistake or an attack.
	maxConfig = 1 << 20
	// stdinLimit is how long a runtime may take to hand over the config.
	stdinLimit = 30 * time.Second
)

var errTooLong = errors.New("config is longer than 1 MiB")

// boundStdin replaces os.Stdin, which skel reads to its end without any limit, by a file
// in memory that holds what came in time.
func boundStdin() *types.Error {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(os.Stdin, maxConfig+1))
		done <- read{data, err}
	}()
	select {
	case r := <-done:
		if r.err == nil && len(r.data) > maxConfig {
			r.err = errTooLong
		}
		if r.err == nil {
			r.err = setStdin(r.data)
		}
		if r.err != nil {
			return types.NewError(uint(CodeIO), "read config from stdin: "+r.err.Error(), "")
		}
		return nil
	case <-time.After(stdinLimit):
		return types.NewError(uint(CodeIO), "read config from stdin: no end of input after "+stdinLimit.String(),
			"the runtime must close the plugin's standard input after the config")
	}
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
