package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// figure and row are the parts of the JSON that are drawn.
type figure struct {
	Median float64 `json:"median_ms"`
}

type row struct {
	Scenario, Contender string
	Add, Del            figure
}

// colors are those of the contenders in the order of the run: ours, the reference plugins
// with iptables and with nftables, the floor.
var colors = []color.RGBA{{0x1b, 0x7f, 0x5c, 255}, {0xd9, 0x8c, 0x3a, 255}, {0xe6, 0xbf, 0x7d, 255}, {0xb0, 0xb0, 0xb0, 255}}

const barWidth = vg.Length(9)

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
	var report struct{ Rows []row }
	if err := json.Unmarshal(text, &report); err != nil {
		return fmt.Errorf("decode %s: %w", file, err)
	}
	verbs := map[string]func(row) float64{
		"add": func(r row) float64 { return r.Add.Median }, "del": func(r row) float64 { return r.Del.Median },
	}
	for verb, of := range verbs {
		p, err := draw(report.Rows, verb, of)
		if err != nil {
			return err
		}
		for _, ext := range []string{".svg", ".png"} {
			if err := p.Save(22*vg.Centimeter, 9*vg.Centimeter, filepath.Join(dir, verb+ext)); err != nil {
				return err
			}
		}
	}
	return nil
}

func draw(rows []row, verb string, of func(row) float64) (*plot.Plot, error) {
	scenarios, contenders := names(rows)
	p := plot.New()
	p.Title.Text = map[string]string{"add": "ADD", "del": "DEL"}[verb] + ", median, milliseconds (logarithmic)"
	p.Y.Tick.Marker = plot.ConstantTicks(ticks())
	p.Legend.Top, p.Legend.Left = true, true
	p.NominalX(scenarios...)
	for i, contender := range contenders {
		bars, err := plotter.NewBarChart(values(rows, contender, of), barWidth)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", contender, err)
		}
		bars.Color, bars.LineStyle.Width = colors[i%len(colors)], 0
		bars.Offset = barWidth * vg.Length(2*i-len(contenders)+1) / 2
		p.Add(bars)
		p.Legend.Add(contender, bars)
	}
	p.Y.Max += 0.6 // room for the legend
	return p, nil
}

// ticks are those of a logarithmic scale: bars can't stand on one of the library's.
func ticks() []plot.Tick {
	var list []plot.Tick
	for _, ms := range []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000} {
		list = append(list, plot.Tick{Value: math.Log10(ms), Label: fmt.Sprint(ms)})
	}
	return list
}

func names(rows []row) (scenarios, contenders []string) {
	for _, r := range rows {
		if len(scenarios) == 0 || scenarios[len(scenarios)-1] != r.Scenario {
			scenarios = append(scenarios, r.Scenario)
		}
		if len(scenarios) == 1 {
			contenders = append(contenders, r.Contender)
		}
	}
	return scenarios, contenders
}

func values(rows []row, contender string, of func(row) float64) plotter.Values {
	var list plotter.Values
	for _, r := range rows {
		if r.Contender == contender {
			list = append(list, math.Log10(of(r)))
		}
	}
	return list
}
