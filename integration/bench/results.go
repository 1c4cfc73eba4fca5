package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// subject is what samples are of: a quantity of one contender in one scenario of a part of the run.
type subject struct {
	Part      string `json:"part"`
	Scenario  string `json:"scenario"`
	Quantity  string `json:"quantity"` // such as "ADD"
	Unit      string `json:"unit"`     // such as "ms"
	Contender string `json:"contender"`
}

// measure is what was found of a subject; instead of samples there may be a word on why there are none.
type measure struct {
	subject
	Samples []float64 `json:"samples,omitempty"`
	LeftOut string    `json:"left_out,omitempty"`
}

// at returns the value below which a percentage of the samples is.
func (m measure) at(percent int) float64 {
	sorted := slices.Sorted(slices.Values(m.Samples))
	return sorted[(len(sorted)-1)*percent/100]
}

func (m measure) median() float64 { return m.at(50) }

// machine is what a run was made on.
type machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Memory uint64 `json:"memory_gib"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// results are all that a run found, in the order in which it was.
type results struct {
	Machine   machine           `json:"machine"`
	Date      string            `json:"date"`
	Versions  map[string]string `json:"versions"`
	Contender []string          `json:"contenders"` // ours first
	Measures  []*measure        `json:"measures"`
	Failures  []string          `json:"failures,omitempty"` // of whole parts
}

func newResults() (*results, error) {
	var u unix.Utsname
	var info unix.Sysinfo_t
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	if err := unix.Sysinfo(&info); err != nil {
		return nil, err
	}
	return &results{Date: time.Now().Format(time.DateOnly), Versions: map[string]string{}, Machine: machine{
		CPU: cpuModel(), CPUs: runtime.NumCPU(), Memory: info.Totalram * uint64(info.Unit) >> 30,
		Kernel: unix.ByteSliceToString(u.Release[:]), Go: runtime.Version(),
	}}, nil
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// of returns the measure of a subject, which may be a new one.
func (r *results) of(s subject) *measure {
	if !slices.Contains(r.Contender, s.Contender) {
		r.Contender = append(r.Contender, s.Contender)
	}
	for _, m := range r.Measures {
		if m.subject == s {
			return m
		}
	}
	m := &measure{subject: s}
	r.Measures = append(r.Measures, m)
	return m
}

func (r *results) add(s subject, samples ...float64) {
	m := r.of(s)
	m.Samples = append(m.Samples, samples...)
}

func (r *results) leaveOut(s subject, why string) { r.of(s).LeftOut = why }

func (r *results) write(path string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func readResults(path string) (*results, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &results{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("decode %s: %w", path, err)
	}
	return r, nil
}
