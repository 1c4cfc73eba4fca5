package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
)

const (
	pathIperfTurns = 25
	iperfPort      = 5201
)

// serveIperf has iperf3 serve in a namespace until the host ends.
func (h *host) serveIperf(netns string, port int) error {
	_, err := h.background(exec.Command("nsenter", "--net="+netns, "iperf3", "--server", "--port", fmt.Sprint(port)))
	return err
}

// poured is what iperf3 says at its end.
type poured struct {
	End struct {
		Received struct {
			Seconds, Bytes float64
			BitsPerSecond  float64 `json:"bits_per_second"`
		} `json:"sum_received"`
		CPU struct { // in percent of the time that it took
			Client float64 `json:"host_total"`
			Server float64 `json:"remote_total"`
		} `json:"cpu_utilization_percent"`
	}
	Error string
}

// iperf has iperf3 pour from a namespace to a server, next to our own bulk, which takes shorter turns, so that
// contenders take many of them. The CPU time that both ends take for it says more where others are on the machine.
func (b *bench) iperf(of subject, netns, to string, port int, much ...string) error {
	args := append([]string{"--net=" + netns, "iperf3", "--client", to, "--port", fmt.Sprint(port), "--json"}, much...)
	var found poured
	var failed error
	asked := await("iperf3", func() bool { // the server may still be on its way
		found = poured{}
		out, err := exec.Command("nsenter", args...).Output()
		if failed = json.Unmarshal(out, &found); failed != nil || found.Error != "" {
			failed = fmt.Errorf("%w: %s", err, found.Error)
			return false
		}
		return true
	})
	if asked != nil {
		return fmt.Errorf("%w: %w", asked, failed)
	}
	end := found.End
	of.Quantity, of.Unit = bulkIperf, "Gbit/s"
	b.add(of, end.Received.BitsPerSecond*1e-9)
	of.Quantity, of.Unit = cpuIperf, "ns"
	b.add(of, (end.CPU.Client+end.CPU.Server)/100*end.Received.Seconds*1e9/(end.Received.Bytes/(64<<10)))
	return nil
}

// What iperf3 measures.
const (
	bulkIperf = "bulk, iperf3"
	cpuIperf  = "CPU of 64 KiB, iperf3"
)
