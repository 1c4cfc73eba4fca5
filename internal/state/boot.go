package state

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
)

// bootIDFile changes with every boot (Documentation/admin-guide/sysctl/kernel.rst, random).
const bootIDFile = "/proc/sys/kernel/random/boot_id"

// bootTable lists the attachments by the boot in which they were made, so that those of
// former boots are found without reading the others.
const bootTable Table = "boots"

func readBootID() (string, error) {
	id, err := os.ReadFile(bootIDFile)
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

func bootPrefix(bootID string) []byte { return []byte(bootID + "\x00") }

func (a Attachment) bootKey() []byte {
	return append(bootPrefix(a.BootID), a.Owner.Key()...)
}

// FormerOwners lists the owners whose attachments were made in another boot than the
// running one. They are dead. The cost is that of their own number.
func (tx *Tx) FormerOwners() ([]attachment.Owner, error) {
	current := bootPrefix(tx.bootID)
	var keys [][]byte
	for key := range Keys(tx, bootTable, nil) {
		if bytes.Compare(key, current) >= 0 {
			break
		}
		keys = append(keys, key)
	}
	for key := range Keys(tx, bootTable, []byte(tx.bootID+"\x01")) {
		keys = append(keys, key)
	}
	var owners []attachment.Owner
	for _, key := range keys {
		o, _, err := Get[attachment.Owner](tx, bootTable, key)
		if err != nil {
			return nil, err
		}
		owners = append(owners, o)
	}
	return owners, nil
}
