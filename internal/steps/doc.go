// Package steps runs a list of named steps that can be taken back: when one fails, those
// done before it are undone, last first, and one error holds the cause and every failed
// undo.
//
// It must not know what a step does.
//
// Files:
//
//	steps.go  Step, Run and Error
package steps
