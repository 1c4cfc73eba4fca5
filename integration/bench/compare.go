package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
)

// compare writes what differs between two runs, with the chance that it is by chance, as
// benchstat has it (Mann-Whitney U test).
func compare(w io.Writer, before, after string) error {
	old, err := readResults(before)
	if err != nil {
		return err
	}
	now, err := readResults(after)
	if err != nil {
		return err
	}
	was := map[subject]*measure{}
	for _, m := range old.Measures {
		was[m.subject] = m
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "part\tscenario\tcontender\tquantity\tbefore\tafter\tdifference\tp\t")
	for _, m := range now.Measures {
		o := was[m.subject]
		if o == nil || len(o.Samples) == 0 || len(m.Samples) == 0 {
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s, %s\t%s\t%s\t%s\n", m.Part, m.Scenario, m.Contender, m.Quantity, m.Unit,
			number(o.median()), number(m.median()), difference(o, m))
	}
	return table.Flush()
}

// difference is "~" where it may well be none.
func difference(o, m *measure) string {
	c := benchmath.AssumeNothing.Compare(sample(o), sample(m))
	if c.P > c.Alpha || o.median() == 0 {
		return fmt.Sprintf("~\tp=%.3f n=%d+%d\t", c.P, c.N1, c.N2)
	}
	return fmt.Sprintf("%+.1f%%\tp=%.3f n=%d+%d\t", (m.median()/o.median()-1)*100, c.P, c.N1, c.N2)
}

func sample(m *measure) *benchmath.Sample {
	return benchmath.NewSample(append([]float64(nil), m.Samples...), &benchmath.DefaultThresholds)
}
