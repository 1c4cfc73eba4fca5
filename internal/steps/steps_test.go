package steps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
)

var quiet = slog.New(slog.DiscardHandler)

// world records what steps did to it.
type world struct{ done []string }

func (w *world) step(name string, fail error) Step {
	return Step{
		Name: name,
		Do: func(context.Context) error {
			if fail != nil {
				return fail
			}
			w.done = append(w.done, name)
			return nil
		},
		Undo: func(ctx context.Context) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if i := slices.Index(w.done, name); i != len(w.done)-1 {
				return fmt.Errorf("%s undone while %v stands", name, w.done)
			}
			w.done = w.done[:len(w.done)-1]
			return nil
		},
	}
}

func TestAFailureOfAnyStepLeavesTheWorldAsBefore(t *testing.T) {
	cause := errors.New("boom")
	for failing := range 4 {
		var w world
		var list []Step
		for i := range 4 {
			var fail error
			if i == failing {
				fail = cause
			}
			list = append(list, w.step(fmt.Sprint("step ", i), fail))
		}
		err := Run(t.Context(), quiet, list)
		failed, ok := Failed(err)
		if !ok || !errors.Is(err, cause) || failed.Step != fmt.Sprint("step ", failing) {
			t.Errorf("failing step %d: error is %v", failing, err)
		}
		if len(w.done) != 0 || len(failed.Undo) != 0 {
			t.Errorf("failing step %d: world has %v, undo failed %v", failing, w.done, failed.Undo)
		}
	}
}

func TestCancellationUndoesWithALivingContext(t *testing.T) {
	var w world
	ctx, cancel := context.WithCancel(t.Context())
	stop := Step{Name: "stop", Do: func(context.Context) error { cancel(); return nil }}
	err := Run(ctx, quiet, []Step{w.step("one", nil), stop, w.step("two", nil)})
	if !errors.Is(err, context.Canceled) || len(w.done) != 0 {
		t.Errorf("error %v, world has %v", err, w.done)
	}
}

func TestAFailedUndoIsReportedAndTheOthersAreTried(t *testing.T) {
	var w world
	stuck := Step{Name: "stuck", Do: func(context.Context) error { return nil },
		Undo: func(context.Context) error { return errors.New("stays") }}
	err := Run(t.Context(), quiet, []Step{w.step("one", nil), stuck, w.step("two", errors.New("boom"))})
	const want = "two: boom (roll-back incomplete: undo stuck: stays)"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if len(w.done) != 0 {
		t.Errorf("world has %v", w.done)
	}
}
