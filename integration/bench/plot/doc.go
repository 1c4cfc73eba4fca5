// Plot draws the figures of a benchmark run: how long an ADD and a DEL take, ours beside the
// others, on a scale on which equal ratios are equal steps.
//
// Files:
//
//	main.go  reads the run's JSON, draws SVG and PNG
package main
