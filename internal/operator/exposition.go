package operator

import (
	"fmt"
	"strconv"
	"strings"
)

// gauge is one metric with its samples, in Prometheus' text exposition format
// (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
type gauge struct {
	name, help string
	samples    []sample
	fraction   bool // values are nanoseconds, to be written as seconds
}

type sample struct {
	value  uint64
	labels []string // name, value, name, value
}

func newGauge(name, help string) *gauge { return &gauge{name: "vethbridge_" + name, help: help} }

func (g *gauge) add(value uint64, labels ...string) {
	g.samples = append(g.samples, sample{value, labels})
}

// writeTo writes nothing of a metric without samples.
func (g *gauge) writeTo(b *strings.Builder) {
	if len(g.samples) == 0 {
		return
	}
	kind := "gauge"
	if strings.HasSuffix(g.name, "_total") {
		kind = "counter"
	}
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", g.name, g.help, kind)
	for _, s := range g.samples {
		var labels []string
		for i := 0; i < len(s.labels); i += 2 {
			labels = append(labels, s.labels[i]+`="`+escapeLabel(s.labels[i+1])+`"`)
		}
		fmt.Fprintf(b, "%s{%s} %s\n", g.name, strings.Join(labels, ","), g.text(s.value))
	}
}

func (g *gauge) text(value uint64) string {
	if !g.fraction {
		return strconv.FormatUint(value, 10)
	}
	return fmt.Sprintf("%d.%09d", value/1e9, value%1e9)
}

// escapeLabel makes any text a label's value, in UTF-8 if it was.
func escapeLabel(text string) string {
	text = strings.ReplaceAll(text, `\`, `\\`)
	text = strings.ReplaceAll(text, `"`, `\"`)
	return strings.ReplaceAll(text, "\n", `\n`)
}
