package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot/vg"
)

// measure is the part of a run's JSON that is drawn.
type measure struct {
	Part, Scenario, Quantity, Unit, Contender string
	Samples                                   []float64
}

func (m measure) median() float64 {
	sorted := slices.Sorted(slices.Values(m.Samples))
	return sorted[(len(sorted)-1)/2]
}

// picture is one quantity of one part.
type picture struct{ file, part, quantity string }

var pictures = []picture{
	{"add", "One ADD and one DEL", "ADD"},
	{"del", "One ADD and one DEL", "DEL"},
	{"grow", "Beside others with 4 ports each, on other bridges", "ADD"},
	{"alone", "Beside others with 4 ports each, nobody else's on the machine", "ADD"},
	{"burst", "100 at once, 16 at a time", "ADD"},
	{"connections", "Traffic through published ports and masquerade", "new connections"},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: plot RUN.json DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(file, dir string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var found struct{ Measures []measure }
	if err := json.Unmarshal(text, &found); err != nil {
		return fmt.Errorf("decode %s: %w", file, err)
	}
	for _, pic := range pictures {
		list := slices.DeleteFunc(slices.Clone(found.Measures), func(m measure) bool {
			return m.Part != pic.part || m.Quantity != pic.quantity || len(m.Samples) == 0
		})
		if len(list) == 0 {
			continue
		}
		p, err := draw(list)
		if err != nil {
			return err
		}
		for _, ext := range []string{".svg", ".png"} {
			if err := p.Save(24*vg.Centimeter, 10*vg.Centimeter, filepath.Join(dir, pic.file+ext)); err != nil {
				return err
			}
		}
	}
	return nil
}
