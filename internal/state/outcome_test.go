package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestTheLastOutcomeOfEachVerbIsKept(t *testing.T) {
	dir := t.TempDir()
	if list, err := Outcomes(dir); len(list) > 0 || err != nil {
		t.Errorf("of nothing: %v", list)
	}
	at := time.Unix(1700000000, 5)
	first := Outcome{"natport", "STATUS", at, time.Second, true}
	second := Outcome{"vethbridge", "ADD", at, 12 * time.Millisecond, false}
	for _, o := range []Outcome{first, {"vethbridge", "ADD", at, time.Hour, true}, second, {"other", "ADD", at, 1, false}} {
		RecordOutcome(dir, o)
	}
	if list, err := Outcomes(dir); err != nil || !slices.Equal(list, []Outcome{second, first}) {
		t.Errorf("%v", list)
	}
	RecordOutcome(filepath.Join(dir, "none"), first) // where there is no directory, nothing happens
	if err := os.WriteFile(filepath.Join(dir, outcomeFile), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := Outcomes(dir); len(list) > 0 || err != nil {
		t.Errorf("of a torn file: %v", list)
	}
	if err := errors.Join(os.Remove(filepath.Join(dir, outcomeFile)), os.Mkdir(filepath.Join(dir, outcomeFile), 0o700)); err != nil {
		t.Fatal(err)
	}
	if list, err := Outcomes(dir); err == nil {
		t.Errorf("of what can't be read: %v", list)
	}
}
