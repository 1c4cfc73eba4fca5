// Plot draws the figures of a benchmark run, ours beside the others, on a scale on which equal
// ratios are equal steps.
//
// Files:
//
//	main.go  reads the run's JSON, writes SVG and PNG
//	bars.go  a bar for each contender in each scenario
package main
