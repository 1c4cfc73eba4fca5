package statetest

import (
	"context"
	"testing"

	"vethbridge/internal/state"
)

// Open makes a state directory for one test and checks its whole book when the test ends,
// with the given checks of the libraries that keep tables in it.
func Open(t testing.TB, checks ...func(*state.Tx) error) *state.Store {
	t.Helper()
	s, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { Check(t, s, checks...) })
	return s
}

// Check fails the test if the book of s is not consistent.
func Check(t testing.TB, s *state.Store, checks ...func(*state.Tx) error) {
	t.Helper()
	if err := s.Check(context.Background(), checks...); err != nil {
		t.Errorf("check state: %v", err)
	}
}
