package state_test

import (
	"context"
	"strconv"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

func TestAHostIsCrowdedByAsManyAttachmentsAsAreNamed(t *testing.T) {
	s := statetest.Open(t)
	for number := range 60 { // more than a page holds
		if is := crowded(t, s, 59); is != (number >= 59) {
			t.Errorf("%t beside %d", is, number)
		}
		put(t, s, state.Attachment{Owner: attachment.Owner{Network: "demo", ContainerID: strconv.Itoa(number), IfName: "eth0"}})
	}
	if !crowded(t, s, 60) || crowded(t, s, 61) {
		t.Error("60 are not 60")
	}
}

func crowded(t *testing.T, s *state.Store, many int) (is bool) {
	t.Helper()
	err := s.View(context.Background(), func(tx *state.Tx) error {
		is = tx.Crowded(many)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}
