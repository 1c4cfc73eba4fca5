package host

import (
	"context"
	"log/slog"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/netns"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/state"
)

var web = attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}

// newHost opens an empty host in a namespace of its own.
func newHost(t *testing.T) *Host {
	t.Helper()
	netnstest.Inside(t)
	h, err := Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// attach enters an attachment whose namespace is at path, and returns its record.
func attach(t *testing.T, h *Host, ns state.Netns, created int64) state.Attachment {
	t.Helper()
	a := state.Attachment{Owner: web, BootID: h.Store.BootID(), Netns: ns, Created: created}
	err := h.Store.Update(context.Background(), func(tx *state.Tx) error { return tx.PutAttachment(a) })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func attached(t *testing.T, h *Host) bool {
	t.Helper()
	known, err := h.Attached(context.Background(), web)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// TestAnOwnerThatIsAttachedAgainIsNotReclaimedForItsFormerAttachment: a search for the dead takes
// its time, in which a container may be started again under its name.
func TestAnOwnerThatIsAttachedAgainIsNotReclaimedForItsFormerAttachment(t *testing.T) {
	h := newHost(t)
	alive, err := netns.Identify(netnstest.Make(t))
	if err != nil {
		t.Fatal(err)
	}
	former := attach(t, h, state.Netns{Path: "/nowhere", Dev: 1, Inode: 1}, 1)
	attach(t, h, alive, 2)
	if released, err := h.ReleaseDead(context.Background(), &former); err != nil || released || !attached(t, h) {
		t.Errorf("reclaimed: %v, %v; attached still: %v", released, err, attached(t, h))
	}
	attach(t, h, former.Netns, 3)
	if released, err := h.ReleaseDead(context.Background(), &former); err != nil || !released || attached(t, h) {
		t.Errorf("the dead one: reclaimed %v, %v; attached still: %v", released, err, attached(t, h))
	}
}

// TestGCSparesWhatIsYoungerThanItself: the list of valid attachments can't name it.
func TestGCSparesWhatIsYoungerThanItself(t *testing.T) {
	h := newHost(t)
	ctx := context.Background()
	attach(t, h, state.Netns{Path: "/nowhere"}, 1)
	candidates, err := h.candidates(ctx, web.Network)
	if err != nil || len(candidates) != 1 {
		t.Fatalf("candidates %v, %v", candidates, err)
	}
	attach(t, h, state.Netns{Path: "/nowhere"}, 2)
	if err := h.collectOne(ctx, web, candidates[web], h.release); err != nil || !attached(t, h) {
		t.Errorf("the one attached again: %v, attached still: %v", err, attached(t, h))
	}
	if err := h.collectOne(ctx, web, 2, h.release); err != nil || attached(t, h) {
		t.Errorf("the one that there was: %v, attached still: %v", err, attached(t, h))
	}
}
