package state

import (
	"fmt"

	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/sysctl"
)

// bootIDKey changes with every boot (Documentation/admin-guide/sysctl/kernel.rst, random).
const bootIDKey = "kernel/random/boot_id"

func readBootID() (string, error) {
	id, err := sysctl.Get(bootIDKey)
	if err != nil {
		return "", failure.To("read boot ID", err)
	}
	return id, nil
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
