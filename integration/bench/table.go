package main

import (
	"fmt"
	"io"
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

func cell(m, first *measure) string {
	switch {
	case m == nil:
		return ""
	case m.LeftOut != "":
		return m.LeftOut
	case len(m.Samples) == 0:
		return ""
	}
	text := number(m.median())
	if len(m.Samples) > 1 {
		text += fmt.Sprintf(" (%s-%s)", number(m.at(10)), number(m.at(90)))
	}
	if m == first || first == nil || len(first.Samples) == 0 || first.median() == 0 {
		return text
	}
	return fmt.Sprintf("%s, %.2fx", text, m.median()/first.median())
}

// number writes a figure with three digits.
func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
