package operator

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"vethbridge/internal/attachment"
	"vethbridge/internal/host"
	"vethbridge/internal/netns/netnstest"
	"vethbridge/internal/state"
)

// TestGCKeepsTheDeadThatAnotherCallIsAt: that call may be the ADD that starts the container again
// under its name.
func TestGCKeepsTheDeadThatAnotherCallIsAt(t *testing.T) {
	netnstest.Inside(t)
	h, err := host.Open(t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	web := attachment.Owner{Network: "demo", ContainerID: "web", IfName: "eth0"}
	if err := h.Store.Update(ctx, func(tx *state.Tx) error { return tx.PutAttachment(state.Attachment{Owner: web}) }); err != nil {
		t.Fatal(err)
	}
	unlock, ok, err := h.Store.TryLockOwner(web)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	var out bytes.Buffer
	s := &session{host: h, out: &out}
	const kept = "kept demo/web/eth0: another call is at it, or it has just been attached again\n"
	if err := collect(ctx, s); err != nil || out.String() != kept {
		t.Errorf("while another call is at it: %v, %q", err, out.String())
	}
	unlock()
	if err := collect(ctx, s); err != nil || out.String() != kept+"released demo/web/eth0\n" {
		t.Errorf("after it: %v, %q", err, out.String())
	}
}
