package state

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
)

// bootIDFile changes with every boot (Documentation/admin-guide/sysctl/kernel.rst, random).
const bootIDFile = "/proc/sys/kernel/random/boot_id"

func readBootID() (string, error) {
	fd, err := openPlain(bootIDFile, os.O_RDONLY, 0)
	if err != nil {
		return "", failure.To("read boot ID", err)
	}
	defer unix.Close(fd)
	var id [64]byte // more than it has
	n, err := unix.Read(fd, id[:])
	if err != nil {
		return "", failure.To("read boot ID", err)
	}
	return strings.TrimSpace(string(id[:n])), nil
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
