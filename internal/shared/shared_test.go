package shared_test

import (
	"slices"
	"strings"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
)

var (
	bridge  = shared.Object{Kind: shared.Bridge, Name: "br0"}
	forward = shared.Object{Kind: shared.Forwarding, Name: "IPv4"}
)

func update(t *testing.T, s *state.Store, fn func(*state.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func use(t *testing.T, s *state.Store, id string, objects ...shared.Object) {
	t.Helper()
	update(t, s, func(tx *state.Tx) error {
		owner := attachment.Owner{Network: "demo", ContainerID: id, IfName: "eth0"}
		record, _, err := tx.Attachment(owner)
		if err != nil {
			return err
		}
		record.Owner = owner
		if err := shared.Use(tx, record, objects...); err != nil {
			return err
		}
		return tx.PutAttachment(*record)
	})
}

// users asks who uses an object, and holds beside it whether others use it than each of the two.
func users(t *testing.T, s *state.Store, o shared.Object) (ids string) {
	t.Helper()
	update(t, s, func(tx *state.Tx) error {
		all, err := tx.Attachments("")
		if err != nil {
			return err
		}
		for _, a := range all {
			if slices.Contains(a.Shares, o.String()) {
				ids += a.Owner.ContainerID
			}
		}
		if n, err := o.Users(tx); err != nil || n != len(ids) {
			t.Errorf("%s has %d users, %v; %q have it in their records", o, n, err, ids)
		}
		for _, id := range []string{"a", "b"} {
			record, _, err := tx.Attachment(attachment.Owner{Network: "demo", ContainerID: id, IfName: "eth0"})
			if err != nil {
				return err
			}
			used, err := o.UsedByOthers(tx, record)
			if others := strings.ReplaceAll(ids, id, "") != ""; err != nil || used != others {
				t.Errorf("%s is used by %q; by others than %s: %t, %v", o, ids, id, used, err)
			}
		}
		return nil
	})
	return ids
}

func TestAnObjectIsUsedUntilItsLastUserLeaves(t *testing.T) {
	s := statetest.Open(t, shared.Check)
	use(t, s, "a", bridge, forward)
	use(t, s, "a", bridge) // again
	use(t, s, "b", bridge)
	got := []string{users(t, s, bridge), users(t, s, forward)}
	for _, leave := range []func(*state.Tx, *state.Attachment) error{
		func(tx *state.Tx, a *state.Attachment) error {
			for range 2 {
				if err := shared.Leave(tx, a, bridge); err != nil {
					return err
				}
			}
			return tx.PutAttachment(*a)
		},
		func(tx *state.Tx, a *state.Attachment) error {
			if err := shared.LeaveAll(tx, a); err != nil {
				return err
			}
			return tx.DeleteAttachment(a.Owner)
		},
	} {
		update(t, s, func(tx *state.Tx) error {
			a, _, err := tx.Attachment(attachment.Owner{Network: "demo", ContainerID: "a", IfName: "eth0"})
			if err != nil {
				return err
			}
			return leave(tx, a)
		})
		statetest.Check(t, s, shared.Check)
		got = append(got, users(t, s, bridge), users(t, s, forward))
	}
	if want := []string{"ab", "a", "b", "a", "b", ""}; !slices.Equal(got, want) {
		t.Errorf("bridge and forwarding are used by %q, want %q", got, want)
	}
}

func TestACheckFindsUsersThatAreCountedWrong(t *testing.T) {
	for want, spoil := range map[string]func(*state.Tx, *state.Attachment) error{
		"check shared objects: bridge br0 is counted 1 times in shared-users, not 0 times": func(tx *state.Tx, a *state.Attachment) error {
			return tx.DeleteAttachment(a.Owner)
		},
		"check shared objects: bridge br0 is counted 0 times in shared-users, not 1 times": shared.LeaveAll,
	} {
		s := statetest.Open(t)
		use(t, s, "a", bridge)
		update(t, s, func(tx *state.Tx) error {
			all, err := tx.Attachments("")
			if err != nil {
				return err
			}
			return spoil(tx, all[0])
		})
		if err := s.Check(t.Context(), shared.Check); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
