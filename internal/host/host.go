package host

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/links"
	"vethbridge/internal/netfilter"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// BridgeMark is the alias of the bridges that we make; only those are ever removed.
const BridgeMark = "vethbridge bridge"

// removalsLimit is longer than it takes as many to remove their rules as a machine starts at once, and short
// beside the rest of a DEL.
const removalsLimit = 100 * time.Millisecond

// Host is this machine as attachments see it. It is not safe for concurrent use, but any
// number of processes may have one each.
type Host struct {
	Store *state.Store
	Links *links.Host
	NAT   nat.Keeper
	Fence fence.Keeper
	Log   *slog.Logger

	rules   *netfilter.Conn
	removed bool // rules, for which the close of the socket waits
}

// Open prepares the state directory and the netlink sockets. Nothing is changed in the
// kernel. The caller must call Close.
func Open(stateDir string, log *slog.Logger) (*Host, error) {
	store, err := state.Open(stateDir)
	if err != nil {
		return nil, err
	}
	l, err := links.Open()
	if err != nil {
		return nil, err
	}
	rules := &netfilter.Conn{}
	h := &Host{
		Store: store, Links: l, Log: log, rules: rules,
		NAT:   nat.Keeper{Store: store, Backends: backends(rules), Log: log},
		Fence: fence.Keeper{Store: store, Conn: rules, Log: log},
	}
	store.Rebuild, store.Log = h.rebuild, log
	return h, nil
}

// OpenWithBook is Open that also makes sure that there is a book, so that one that was lost is
// rebuilt before it is read. ADD begins it by itself.
func OpenWithBook(ctx context.Context, stateDir string, log *slog.Logger) (*Host, error) {
	h, err := Open(stateDir, log)
	if err != nil || h.Store.Begun() {
		return h, err
	}
	if err := h.Store.Update(ctx, func(*state.Tx) error { return nil }); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Close closes the sockets. After deletions of rules it waits for the kernel's grace
// period, so it comes last, with no lock held.
func (h *Host) Close() error {
	h.Links.Close()
	if h.removed {
		ctx, cancel := context.WithTimeout(context.Background(), removalsLimit)
		defer cancel()
		h.Store.AwaitRemovals(ctx)
	}
	return h.rules.Close()
}

// Exclusively runs fn while no other call attaches or releases the owner.
func (h *Host) Exclusively(ctx context.Context, owner attachment.Owner, fn func() error) error {
	unlock, err := h.Store.LockOwner(ctx, owner)
	if err != nil {
		return err
	}
	defer unlock()
	return fn()
}

// locked runs fn with the kernel lock held.
func (h *Host) locked(ctx context.Context, fn func() error) error {
	unlock, err := h.Store.LockKernel(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return fn()
}
