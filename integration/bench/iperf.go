package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
)

const (
	iperfTurns = 5
	iperfPort  = 5201
)

// serveIperf has iperf3 serve in a namespace until the host ends.
func (h *host) serveIperf(netns string, port int) error {
	_, err := h.background(exec.Command("nsenter", "--net="+netns, "iperf3", "--server", "--port", fmt.Sprint(port)))
	return err
}

// iperf has iperf3 pour from a namespace to a server for a second: next to our own bulk, which takes
// shorter turns, so that contenders take many of them.
func (b *bench) iperf(of subject, netns, to string, port int) error {
	of.Quantity, of.Unit = "bulk, iperf3", "Gbit/s"
	var found struct {
		End struct {
			Received struct {
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		}
		Error string
	}
	var failed error
	asked := await("iperf3", func() bool { // the server may still be on its way
		found.Error = ""
		out, err := exec.Command("nsenter", "--net="+netns, "iperf3", "--client", to, "--port", fmt.Sprint(port), "--time", "1", "--json").Output()
		if failed = json.Unmarshal(out, &found); failed != nil || found.Error != "" {
			failed = fmt.Errorf("%w: %s", err, found.Error)
			return false
		}
		return true
	})
	if asked != nil {
		return fmt.Errorf("%w: %w", asked, failed)
	}
	b.add(of, found.End.Received.BitsPerSecond*1e-9)
	return nil
}
