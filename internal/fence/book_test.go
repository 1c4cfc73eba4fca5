package fence_test

import (
	"strings"
	"testing"

	"vethbridge/internal/fence"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func claimed(t *testing.T, s *state.Store, n int, list []fence.Element) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *state.Tx) error {
		if err := tx.PutAttachment(state.Attachment{Owner: owner(n), BootID: tx.BootID()}); err != nil {
			return err
		}
		return fence.Claim(tx, owner(n), list)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnElementOfManyIsCountedOnceForEach(t *testing.T) {
	s := statetest.Open(t, fence.Check)
	host := fence.Element{Set: fence.Unrouted4, Link: "eth9"}
	for n, walls := range []fence.Network{{}, {Internal: true}, {Mode: fence.Routed}} {
		claimed(t, s, n+1, append(elements(n+1, walls), host))
		statetest.Check(t, s, fence.Check)
	}
	claimed(t, s, 1, append(elements(1, fence.Network{Internal: true}), host)) // in place of the former
	statetest.Check(t, s, fence.Check)
	for n := range 3 {
		err := s.View(t.Context(), func(tx *state.Tx) error {
			if list := fence.OfHost(tx, fence.Unrouted4); len(list) != 1 || list[0] != host {
				t.Errorf("elements of the host with %d owners: %v", 3-n, list)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		claimed(t, s, n+1, nil)
		statetest.Check(t, s, fence.Check)
	}
	err := s.View(t.Context(), func(tx *state.Tx) error {
		if list := fence.OfHost(tx, fence.Unrouted4); len(list) != 0 {
			t.Errorf("elements of the host without owners: %v", list)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestACheckFindsFencesThatAreCountedWrong(t *testing.T) {
	for want, spoil := range map[string]func(*state.Tx) error{
		"check fence: demo/c1/eth0 has one, and is not attached": func(tx *state.Tx) error { return tx.DeleteAttachment(owner(1)) },
		"check fence: bridges demo0 is counted 1 times in fence-shared, not 0 times": func(tx *state.Tx) error {
			return state.Delete(tx, "fence-owners", owner(1).Key())
		},
		"check fence: closed demo0 is counted 0 times in fence-shared, not 1 times": func(tx *state.Tx) error { return state.Delete(tx, "fence-shared", []byte("closed demo0")) },
	} {
		s := statetest.Open(t)
		claimed(t, s, 1, elements(1, fence.Network{}))
		if err := s.Update(t.Context(), spoil); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context(), fence.Check); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
