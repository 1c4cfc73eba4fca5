package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// colors are those of the contenders: ours, the reference plugins, the floor.
var colors = map[string]color.RGBA{
	"ours, nftables": {0x1b, 0x7f, 0x5c, 255}, "ours, iptables": {0x7f, 0xc4, 0xa8, 255},
	"reference, iptables": {0xd9, 0x8c, 0x3a, 255}, "reference, nftables": {0xe6, 0xbf, 0x7d, 255},
	"floor: kernel calls": {0xb0, 0xb0, 0xb0, 255}, "floor, as CNI plugins": {0x6e, 0x6e, 0x6e, 255},
}

const barWidth = vg.Length(9)

// draw makes a bar for each contender in each scenario, by the logarithm of the median.
func draw(list []measure) (*plot.Plot, error) {
	scenarios, contenders := names(list)
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: %s, median, %s (logarithmic)", list[0].Part, list[0].Quantity, list[0].Unit)
	p.Legend.Top, p.Legend.Left = true, true
	p.NominalX(scenarios...)
	p.X.Min, p.X.Max = -0.5, float64(len(scenarios))-0.5
	floor := math.Floor(math.Log10(least(list)))
	p.Y.Min, p.Y.Tick.Marker = 0, plot.ConstantTicks(ticks(floor))
	for i, contender := range contenders {
		bars, err := plotter.NewBarChart(heights(list, scenarios, contender, floor), barWidth)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", contender, err)
		}
		bars.Color, bars.LineStyle.Width = colors[contender], 0
		bars.Offset = barWidth * vg.Length(2*i-len(contenders)+1) / 2
		p.Add(bars)
		p.Legend.Add(contender, bars)
	}
	p.Y.Max += 0.7 // room for the legend
	return p, nil
}

// ticks are those of a logarithmic scale that begins with a power of ten: bars can't stand on
// one of the library's.
func ticks(floor float64) (list []plot.Tick) {
	for decade := range 6 {
		for _, digit := range []float64{1, 2, 5} {
			v := digit * math.Pow(10, floor+float64(decade))
			list = append(list, plot.Tick{Value: math.Log10(v) - floor, Label: fmt.Sprint(v)})
		}
	}
	return list
}

func least(list []measure) float64 {
	return slices.MinFunc(list, func(a, b measure) int { return int(math.Copysign(1, a.median()-b.median())) }).median()
}

func names(list []measure) (scenarios, contenders []string) {
	for _, m := range list {
		if !slices.Contains(scenarios, m.Scenario) {
			scenarios = append(scenarios, m.Scenario)
		}
		if !slices.Contains(contenders, m.Contender) {
			contenders = append(contenders, m.Contender)
		}
	}
	return scenarios, contenders
}

// heights are those of a contender's bars; one that was not measured has none.
func heights(list []measure, scenarios []string, contender string, floor float64) plotter.Values {
	values := make(plotter.Values, len(scenarios))
	for _, m := range list {
		if m.Contender == contender {
			values[slices.Index(scenarios, m.Scenario)] = math.Log10(m.median()) - floor
		}
	}
	return values
}
