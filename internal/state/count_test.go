package state_test

import (
	"context"
	"errors"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func TestTheNumberOfAttachmentsIsKnownWithoutReadingThem(t *testing.T) {
	s := statetest.Open(t)
	db := attachment.Owner{Network: "demo", ContainerID: "db", IfName: "eth0"}
	wants := func(want int) {
		t.Helper()
		err := s.View(context.Background(), func(tx *state.Tx) error {
			list, err := tx.Attachments("")
			if tx.Count() != want || len(list) != want {
				t.Errorf("the number is %d, %d are listed, want %d", tx.Count(), len(list), want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wants(0) // without a file
	for i, owner := range []attachment.Owner{web, db} {
		for range 2 { // the second one replaces the first
			put(t, s, state.Attachment{Owner: owner})
			wants(i + 1)
		}
	}
	wrong := errors.New("wrong")
	for _, err := range []error{wrong, nil, nil} { // one that is taken back, one that deletes, one that finds nothing
		got := s.Update(context.Background(), func(tx *state.Tx) error { return errors.Join(tx.DeleteAttachment(web), err) })
		if !errors.Is(got, err) {
			t.Fatal(got)
		}
		if err == nil {
			wants(1)
		}
	}
}
