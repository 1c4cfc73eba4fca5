package main

import "time"

// measure is what was found of one contender in one scenario, as the benchmark reads it.
type measure struct {
	Scenario, Quantity, Contender string
	Samples                       []float64 // in milliseconds
}

// report is all that was found.
type report struct{ measures []measure }

func (r *report) add(scenario, quantity, contender string, times ...time.Duration) {
	m := measure{scenario, quantity, contender, nil}
	for _, t := range times {
		m.Samples = append(m.Samples, float64(t)/float64(time.Millisecond))
	}
	r.measures = append(r.measures, m)
}
