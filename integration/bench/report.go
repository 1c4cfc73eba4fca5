package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// figure sums up the durations of one verb.
type figure struct {
	Median  float64 `json:"median_ms"`
	P10     float64 `json:"p10_ms"`
	P90     float64 `json:"p90_ms"`
	Samples int     `json:"samples"`
}

func newFigure(samples []time.Duration) figure {
	sorted := slices.Sorted(slices.Values(samples))
	at := func(percent int) float64 {
		return float64(sorted[(len(sorted)-1)*percent/100]) / float64(time.Millisecond)
	}
	return figure{Median: at(50), P10: at(10), P90: at(90), Samples: len(sorted)}
}

func (f figure) String() string { return fmt.Sprintf("%.1f (%.1f-%.1f)", f.Median, f.P10, f.P90) }

// row is one contender in one scenario.
type row struct {
	Scenario  string `json:"scenario"`
	Contender string `json:"contender"`
	Add       figure `json:"add"`
	Del       figure `json:"del"`
}

// report is what a run found, and on what.
type report struct {
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	CPUs   int    `json:"cpus"`
	Rows   []row  `json:"rows"` // scenario after scenario, ours first, the floor last

	contenders int
}

func newReport() (report, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return report{}, err
	}
	return report{Kernel: unix.ByteSliceToString(u.Release[:]), Go: runtime.Version(), CPUs: runtime.NumCPU()}, nil
}

func (r *report) add(s scenario, list []contender, timings []timing) {
	r.contenders = len(list)
	for i, t := range timings {
		r.Rows = append(r.Rows, row{s.Name, list[i].Name, newFigure(t.Add), newFigure(t.Del)})
	}
}

// write prints the table. The ratio says how many times slower than ours a contender is.
func (r report) write(w io.Writer) error {
	fmt.Fprintf(w, "kernel %s, %s, %d CPUs; milliseconds: median (10th-90th percentile)\n\n", r.Kernel, r.Go, r.CPUs)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "scenario\tcontender\tADD\tto ours\tDEL\tto ours\t\n")
	for rows := range slices.Chunk(r.Rows, r.contenders) {
		ours := rows[0]
		for _, row := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%.2fx\t%s\t%.2fx\t\n", row.Scenario, row.Contender,
				row.Add, row.Add.Median/ours.Add.Median, row.Del, row.Del.Median/ours.Del.Median)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, strings.Join(r.summary(), "\n"))
	return err
}

// summary says for each scenario what matters most.
func (r report) summary() []string {
	lines := []string{""}
	for rows := range slices.Chunk(r.Rows, r.contenders) {
		ours, floor := rows[0], rows[len(rows)-1]
		add, del := rows[1].Add.Median, rows[1].Del.Median
		for _, reference := range rows[1 : len(rows)-1] {
			add, del = min(add, reference.Add.Median), min(del, reference.Del.Median)
		}
		lines = append(lines, fmt.Sprintf("%s: ADD %.1fx, DEL %.1fx faster than the faster reference; ADD %.2fx, DEL %.2fx of the floor", ours.Scenario,
			add/ours.Add.Median, del/ours.Del.Median, ours.Add.Median/floor.Add.Median, ours.Del.Median/floor.Del.Median))
	}
	return lines
}

func (r report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
