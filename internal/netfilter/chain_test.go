package netfilter

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
)

// TestRulesAreListedWhileOthersChangeTheirs is about hosts whose other tables change all the time: the
// kernel calls every dump interrupted then.
func TestRulesAreListedWhileOthersChangeTheirs(t *testing.T) {
	netnstest.Inside(t)
	var c Conn
	t.Cleanup(func() { _ = c.Close() })
	table := &nftables.Table{Name: "ours", Family: nftables.TableFamilyINet}
	chain := Chain{Name: "many", Rules: slices.Repeat([]Rule{{Comment: "a rule whose comment makes it long"}}, 500)}
	err := c.Batch(func(conn *nftables.Conn) error {
		conn.AddTable(table)
		addChains(conn, table, []Chain{chain})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := changeAnother(t)
	for n := 0; n < 300 || changed.Load() < 300; n++ {
		if missing, err := c.MissingRules(table, []Chain{chain}); err != nil || len(missing) > 0 {
			t.Fatalf("after %d changes of another table: %d missing, %v", changed.Load(), len(missing), err)
		}
	}
}

// changeAnother changes a table of the test's namespace until the test ends, and counts how often.
func changeAnother(t *testing.T) *atomic.Int64 {
	t.Helper()
	ns, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var changed atomic.Int64
	var stop atomic.Bool
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		ended <- changeUntil(&stop, &changed, ns)
	}()
	t.Cleanup(func() {
		stop.Store(true)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = unix.Close(ns)
	})
	return &changed
}

func changeUntil(stop *atomic.Bool, changed *atomic.Int64, ns int) error {
	if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
		return err
	}
	var c Conn
	defer c.Close()
	table := &nftables.Table{Name: "theirs", Family: nftables.TableFamilyINet}
	set := &nftables.Set{Table: table, Name: "numbers", KeyType: nftables.TypeInteger}
	err := c.Batch(func(conn *nftables.Conn) error {
		conn.AddTable(table)
		return conn.AddSet(set, nil)
	})
	for err == nil && !stop.Load() {
		var more Changes
		key := binary.BigEndian.AppendUint32(nil, uint32(changed.Add(1)))
		more.Add(set, slices.Values([]nftables.SetElement{{Key: key}}))
		err = c.Make(&more)
	}
	return err
}
