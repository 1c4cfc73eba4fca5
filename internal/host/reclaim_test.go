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

// TestGCSparesWhatIsYoungerThanItself: the list of valid attachments can't name it, nor what comes while marks are looked for.
func TestGCSparesWhatIsYoungerThanItself(t *testing.T) {
	h := newHost(t)
	for name, former := range map[string]bool{"attached again": true, "new": false} {
		if former {
			attach(t, h, state.Netns{Path: "/nowhere"}, 1)
		}
		meanwhile := func(_ context.Context, g *garbage) error {
			attach(t, h, state.Netns{Path: "/nowhere"}, 2)
			g.see([]byte(web.Mark()))
			return nil
		}
		if _, err := h.collect(t.Context(), newGarbage(web.Network, nil), "", meanwhile, h.release); err != nil || !attached(t, h) {
			t.Errorf("the one that is %s: %v, attached still: %v", name, err, attached(t, h))
		}
		if err := h.CollectGarbage(t.Context(), web.Network, nil); err != nil || attached(t, h) {
			t.Errorf("the one that there was: %v, attached still: %v", err, attached(t, h))
		}
	}
}
