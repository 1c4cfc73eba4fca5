package steps

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"vethbridge/internal/failure"
)

// undoLimit bounds the whole way back, which a cancelled context does not stop.
const undoLimit = 30 * time.Second

// Step is one change of the world. Do makes the change or nothing of it; Undo takes it
// back and may be nil where there is nothing to take back.
type Step struct {
	Name string // "verb object", as it stands in errors and logs
	Do   func(context.Context) error
	Undo func(context.Context) error
}

// Error says which step failed, why, and what could not be taken back.
type Error struct {
	Step  string
	Cause error
	Undo  []error // empty when the world is as before
}

func (e *Error) Error() string {
	text := e.Step + ": " + e.Cause.Error()
	if len(e.Undo) == 0 {
		return text
	}
	var failed []string
	for _, err := range e.Undo {
		failed = append(failed, err.Error())
	}
	return text + " (roll-back incomplete: " + strings.Join(failed, "; ") + ")"
}

func (e *Error) Unwrap() error { return e.Cause }

// Run does the steps in order. When one fails or ctx is done, it undoes those done
// before, last first, and returns an *Error.
func Run(ctx context.Context, log *slog.Logger, list []Step) error {
	for i, s := range list {
		err := ctx.Err()
		if err == nil {
			err = s.Do(ctx)
		}
		if err != nil {
			return &Error{Step: s.Name, Cause: err, Undo: Undo(ctx, log, list[:i])}
		}
		log.DebugContext(ctx, "step done", "step", s.Name)
	}
	return nil
}

// Undo takes back the steps of list, last first, even when ctx is cancelled already. It
// tries every one and returns the failures.
func Undo(ctx context.Context, log *slog.Logger, list []Step) []error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoLimit)
	defer cancel()
	var failed []error
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Undo == nil {
			continue
		}
		err := list[i].Undo(ctx)
		log.DebugContext(ctx, "step undone", "step", list[i].Name, "err", err)
		if err != nil {
			failed = append(failed, failure.To("undo "+list[i].Name, err))
		}
	}
	return failed
}

// Failed returns the step error in err's chain, if there is one.
func Failed(err error) (*Error, bool) {
	var e *Error
	return e, errors.As(err, &e)
}
