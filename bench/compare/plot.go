package compare

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// line is one system's in a plot: y over x.
type line struct {
	name string
	x, y []float64
}

// The plot's measures, in pixels.
const (
	plotWidth, plotHeight = 760, 420
	plotLeft, plotRight   = 60, 200 // margins; the names are on the right
	plotTop, plotBottom   = 40, 50
)

// colours are told apart by most who see few.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

// writePlot draws lines as SVG: x is linear from 0, y logarithmic.
func writePlot(w io.Writer, title, xName, yName string, lines []line) error {
	var b strings.Builder
	right, low, high := 0.0, math.Inf(1), 0.0
	for _, l := range lines {
		for i, y := range l.y {
			if y > 0 {
				right, low, high = max(right, l.x[i]), min(low, y), max(high, y)
			}
		}
	}
	if high == 0 {
		return fmt.Errorf("nothing to plot")
	}
	bottom, top := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high)+1e-9)
	px := func(x float64) float64 { return plotLeft + x/right*(plotWidth-plotLeft-plotRight) }
	py := func(y float64) float64 {
		return plotHeight - plotBottom - (math.Log10(y)-bottom)/(top-bottom)*(plotHeight-plotTop-plotBottom)
	}
	text := func(x, y float64, anchor, fill, s string) {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="%s" fill="%s">%s</text>`+"\n", x, y, anchor, fill, html.EscapeString(s))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	text(plotLeft, plotTop-18, "start", "black", title+", "+yName)
	text((plotLeft+plotWidth-plotRight)/2, plotHeight-12, "middle", "black", xName)
	for e := bottom; e <= top; e++ {
		for _, f := range []float64{1, 2, 5} {
			y := f * math.Pow(10, e)
			if y > math.Pow(10, top)*1.001 {
				break
			}
			fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>`+"\n", plotLeft, plotWidth-plotRight, py(y), py(y))
			text(plotLeft-6, py(y)+4, "end", "#444", fmt.Sprintf("%g", y))
		}
	}
	var xs []float64
	for _, l := range lines {
		xs = append(xs, l.x...)
	}
	slices.Sort(xs)
	at := math.Inf(-1)
	for _, x := range slices.Compact(xs) {
		if px(x)-at > 30 {
			at = px(x)
			text(at, plotHeight-plotBottom+18, "middle", "#444", fmt.Sprintf("%g", x))
		}
	}
	drawLines(&b, lines, px, py, text)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// drawLines draws the lines, and their names beside their ends, apart from each other.
func drawLines(b *strings.Builder, lines []line, px, py func(float64) float64, text func(x, y float64, anchor, fill, s string)) {
	type label struct {
		y            float64
		colour, name string
	}
	var labels []label
	for i, l := range lines {
		colour, points, end := colours[i%len(colours)], "", 0.0
		for j, y := range l.y {
			if y > 0 {
				end = py(y)
				points += fmt.Sprintf("%.1f,%.1f ", px(l.x[j]), end)
				fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", px(l.x[j]), end, colour)
			}
		}
		if points == "" {
			continue
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(points), colour)
		labels = append(labels, label{end, colour, l.name})
	}
	slices.SortFunc(labels, func(x, y label) int { return int(math.Copysign(1, x.y-y.y)) })
	at := math.Inf(-1)
	for _, l := range labels {
		at = max(l.y, at+16)
		text(plotWidth-plotRight+10, at+4, "start", l.colour, l.name)
	}
}
