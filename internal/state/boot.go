package state

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// bootIDFile changes with every boot (Documentation/admin-guide/sysctl/kernel.rst, random).
const bootIDFile = "/proc/sys/kernel/random/boot_id"

func readBootID() (string, error) {
	f, err := openFile(bootIDFile, os.O_RDONLY, 0)
	if err != nil {
		return "", fmt.Errorf("read boot ID: %w", err)
	}
	defer f.Close()
	id, err := io.ReadAll(f)
	if err != nil {
		return "", fmt.Errorf("read boot ID: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// Now returns the time since the boot in nanoseconds, suspended time included
// (CLOCK_BOOTTIME, clock_gettime(2)).
func Now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic(fmt.Sprintf("read CLOCK_BOOTTIME: %v", err)) // every kernel since 2.6.39 has it
	}
	return ts.Nano()
}
