package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const leasesPart = "An address, allocated and released by a process each"

// leases measures what an address costs beside others, by a program of its own: it starts itself
// for each operation, and has to be as small as a plugin.
func (b *bench) leases() error {
	cmd := exec.Command("unshare", "--net", filepath.Join(b.reference(), "leases"), "-ours", b.ours)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var found []struct {
		Scenario, Quantity, Contender string
		Samples                       []float64
	}
	if err := json.Unmarshal(out, &found); err != nil {
		return fmt.Errorf("decode what it found: %w", err)
	}
	for _, f := range found {
		b.add(subject{leasesPart, f.Scenario, f.Quantity, "ms", f.Contender}, f.Samples...)
	}
	return nil
}
