package operator

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// clearScreen moves a terminal's cursor home and erases the screen (ECMA-48, CUP and ED).
const clearScreen = "\x1b[H\x1b[2J"

// again draws every second until the program is interrupted, which is how it is meant to end.
// Each picture is written as a whole. Only a terminal's screen is cleared before.
func (s *session) again(ctx context.Context, draw func(context.Context, io.Writer) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, unix.SIGTERM)
	defer stop()
	for {
		var picture bytes.Buffer
		if terminal(s.out) {
			picture.WriteString(clearScreen)
		}
		if err := draw(ctx, &picture); err != nil && ctx.Err() == nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if _, err := s.out.Write(picture.Bytes()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func terminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}
