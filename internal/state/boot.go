package state

import (
	"fmt"
	"os"
	"strings"
)

// bootIDFile changes with every boot (Documentation/admin-guide/sysctl/kernel.rst, random).
const bootIDFile = "/proc/sys/kernel/random/boot_id"

func readBootID() (string, error) {
	id, err := os.ReadFile(bootIDFile)
	if err != nil {
		return "", fmt.Errorf("read boot ID: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}
