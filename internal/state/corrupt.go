package state

import (
	"fmt"
	"runtime"
	"strings"
)

// corruptError says that the content of the state file can't be used. It does not leave
// this package: the file is set aside.
type corruptError struct{ cause error }

func (e *corruptError) Error() string { return "corrupt state file: " + e.cause.Error() }

func (e *corruptError) Unwrap() error { return e.cause }

// recordError says that a value in the book is not what its table holds.
type recordError struct {
	table Table
	key   []byte
	cause error
}

func (e *recordError) Error() string {
	return fmt.Sprintf("decode %s %q: %v", e.table, e.key, e.cause)
}

func (e *recordError) Unwrap() error { return e.cause }

// blameContent is called in the deferred function that recovered v. It returns an error
// if the panic arose where content is read, in bbolt or in this package, which copies out
// of the mapping all that it hands on; nil if the caller's code is to blame. The innermost
// call of either tells, whatever the libraries are that it made use of.
func blameContent(v any) error {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	panicked := false
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked = true
		case !panicked:
		case strings.HasPrefix(f.Function, "go.etcd.io/bbolt"), strings.HasPrefix(f.Function, "vethbridge/internal/state."):
			return &corruptError{fmt.Errorf("%v", v)}
		case strings.HasPrefix(f.Function, "vethbridge/"), strings.HasPrefix(f.Function, "main."):
			return nil
		}
	}
	return nil
}
