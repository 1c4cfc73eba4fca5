package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"
)

// markdown writes the tables of all parts, each with a column for each of its contenders.
func (r *results) markdown(w io.Writer) error {
	m := r.Machine
	text := fmt.Sprintf("%s: %s, %d CPUs, %d GiB, Linux %s, %s%s.\n\n", r.Date, m.CPU, m.CPUs, m.Memory, m.Kernel, m.Go, r.versions()) + r.summary()
	for _, f := range r.Failures {
		text += "\nNot measured: " + f + "\n"
	}
	text += "\nMedian (10th-90th percentile), and how many times that of the first column.\n"
	for _, part := range r.parts() {
		text += "\n## " + part + "\n\n" + r.table(part)
	}
	_, err := io.WriteString(w, text)
	return err
}

func (r *results) versions() (text string) {
	var names []string
	for name := range r.Versions {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		text += ", " + name + " " + r.Versions[name]
	}
	return text
}

func (r *results) parts() (list []string) {
	for _, m := range r.Measures {
		if !slices.Contains(list, m.Part) {
			list = append(list, m.Part)
		}
	}
	return list
}

func (r *results) table(part string) string {
	var contenders []string
	var rows []subject // without a contender
	cells := map[subject]*measure{}
	for _, m := range r.Measures {
		if m.Part != part {
			continue
		}
		row := m.subject
		row.Contender = ""
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
		if !slices.Contains(contenders, m.Contender) {
			contenders = append(contenders, m.Contender)
		}
		cells[m.subject] = m
	}
	text := "| scenario | | " + strings.Join(contenders, " | ") + " |\n|---|---|" + strings.Repeat("---|", len(contenders)) + "\n"
	for _, row := range rows {
		text += fmt.Sprintf("| %s | %s, %s |", row.Scenario, row.Quantity, row.Unit)
		first := row
		first.Contender = contenders[0]
		for _, c := range contenders {
			row.Contender = c
			text += " " + cell(cells[row], cells[first]) + " |"
		}
		text += "\n"
	}
	return text
}

// cell is a median with its spread, and how many times the first one it is.
func cell(m, first *measure) string { return beside(ranged(m, first), m, first) }

// ratio is a median, and how many times the first one it is.
func ratio(m, first *measure) string { return beside(plain(m, first), m, first) }

func beside(text string, m, first *measure) string {
	if t := times(m, first); t != "" && m != first {
		return text + ", " + t
	}
	return text
}

// times is how many times the first measure's median another's is; empty where one of them has none.
func times(m, first *measure) string {
	if m == nil || first == nil || len(m.Samples) == 0 || len(first.Samples) == 0 || first.median() == 0 {
		return ""
	}
	n := m.median() / first.median()
	if n >= 10 {
		return brief(n) + "x"
	}
	return fmt.Sprintf("%.2fx", n)
}

// ranged is a median with its spread.
func ranged(m, _ *measure) string {
	if m == nil || len(m.Samples) < 2 {
		return plain(m, nil)
	}
	return fmt.Sprintf("%s (%s-%s)", number(m.median()), number(m.at(10)), number(m.at(90)))
}

// plain is a median, or the word on why there is none.
func plain(m, _ *measure) string {
	switch {
	case m == nil:
		return ""
	case m.LeftOut != "":
		return m.LeftOut
	case len(m.Samples) == 0:
		return ""
	}
	return number(m.median())
}

// number writes a figure with three digits or more.
func number(f float64) string {
	switch {
	case f >= 1000:
		n := int(math.Round(f))
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	case f >= 100 || f == math.Trunc(f):
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// brief writes a figure with two digits or more.
func brief(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.1f", f)
}
