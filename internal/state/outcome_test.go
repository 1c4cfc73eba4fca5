package state

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestTheLastOutcomeOfEachVerbIsKept(t *testing.T) {
	dir := t.TempDir()
	if list := Outcomes(dir); len(list) > 0 {
		t.Errorf("of nothing: %v", list)
	}
	at := time.Unix(1700000000, 5)
	first := Outcome{"natport", "STATUS", at, time.Second, true}
	second := Outcome{"vethbridge", "ADD", at, 12 * time.Millisecond, false}
	for _, o := range []Outcome{first, {"vethbridge", "ADD", at, time.Hour, true}, second, {"other", "ADD", at, 1, false}} {
		RecordOutcome(dir, o)
	}
	if list := Outcomes(dir); !slices.Equal(list, []Outcome{second, first}) {
		t.Errorf("%v", list)
	}
	RecordOutcome(filepath.Join(dir, "none"), first) // where there is no directory, nothing happens
	if err := os.WriteFile(filepath.Join(dir, outcomeFile), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list := Outcomes(dir); len(list) > 0 {
		t.Errorf("of a torn file: %v", list)
	}
}
