package host

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOnlyAKernelWithoutNftablesMakesUsUseIptables keeps attachments of one host on one
// backend when the kernel is short of memory for a moment.
func TestOnlyAKernelWithoutNftablesMakesUsUseIptables(t *testing.T) {
	for err, lacks := range map[error]bool{
		nil: false, unix.ENOMEM: false, unix.EPERM: false, unix.EINTR: false, unix.EMFILE: false,
		unix.EPROTONOSUPPORT: true, unix.EINVAL: true, unix.EOPNOTSUPP: true,
	} {
		if err != nil {
			err = fmt.Errorf("open nftables socket: %w", err)
		}
		if got := lacksNftables(err); got != lacks {
			t.Errorf("%v: %v, want %v", err, got, lacks)
		}
	}
}
