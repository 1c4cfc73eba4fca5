package state_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

var web = attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}

func put(t testing.TB, s *state.Store, a state.Attachment) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx *state.Tx) error { return tx.PutAttachment(a) }); err != nil {
		t.Fatal(err)
	}
}

// has reports whether an attachment is in the book.
func has(t testing.TB, s *state.Store, o attachment.Owner) (ok bool) {
	t.Helper()
	err := s.View(context.Background(), func(tx *state.Tx) (err error) {
		_, ok, err = tx.Attachment(o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestFailedUpdateIsTakenBack(t *testing.T) {
	s := statetest.Open(t)
	wrong := errors.New("wrong")
	err := s.Update(context.Background(), func(tx *state.Tx) error {
		if err := tx.PutAttachment(state.Attachment{Owner: web}); err != nil {
			return err
		}
		return wrong
	})
	if !errors.Is(err, wrong) || has(t, s, web) {
		t.Errorf("error %v, attachment there: %v", err, has(t, s, web))
	}
}

func TestViewWithoutAFileIsEmptyAndMakesNone(t *testing.T) {
	s := statetest.Open(t)
	if has(t, s, web) {
		t.Error("an attachment is there")
	}
	if _, err := os.Stat(filepath.Join(s.Dir(), "state.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("state file: %v", err)
	}
}

func TestChangeInsideViewIsRefused(t *testing.T) {
	s := statetest.Open(t)
	for range 2 { // without a file, and with one
		err := s.View(context.Background(), func(tx *state.Tx) error {
			return tx.PutAttachment(state.Attachment{Owner: web})
		})
		if err == nil {
			t.Error("View took a change")
		}
		put(t, s, state.Attachment{Owner: web})
	}
}

func TestDeletedAttachmentIsInNoList(t *testing.T) {
	s := statetest.Open(t)
	put(t, s, state.Attachment{Owner: web, BootID: "old"})
	err := s.Update(context.Background(), func(tx *state.Tx) error {
		if err := tx.DeleteAttachment(web); err != nil {
			return err
		}
		if err := tx.DeleteAttachment(web); err != nil {
			return err
		}
		list, err := tx.Attachments("")
		if len(list) != 0 {
			t.Errorf("attachments %v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestABookThatWasNotFilledIsFilledByWhoReadsItNext has the rebuilding of a lost file fail: what is left is no empty book.
func TestABookThatWasNotFilledIsFilledByWhoReadsItNext(t *testing.T) {
	s := statetest.Open(t)
	wrong := errors.New("wrong")
	s.Rebuild = func(*state.Tx) error { return wrong }
	nothing := func(*state.Tx) error { return nil }
	for _, call := range []func(context.Context, func(*state.Tx) error) error{s.Update, s.View, s.Update} {
		if err := call(t.Context(), nothing); !errors.Is(err, wrong) {
			t.Errorf("error %v, want what went wrong", err)
		}
	}
	s.Rebuild = func(tx *state.Tx) error { return tx.PutAttachment(state.Attachment{Owner: web}) }
	if !has(t, s, web) {
		t.Error("the book was taken for an empty one")
	}
}
