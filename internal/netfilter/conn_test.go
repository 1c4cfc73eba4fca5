package netfilter

import (
	"slices"
	"testing"
	"time"

	"github.com/google/nftables"

	"vethbridge/internal/netns/netnstest"
)

// TestEachUseOfASocketHasTheWholeTime has the socket of batches be open for longer than all answers may take.
func TestEachUseOfASocketHasTheWholeTime(t *testing.T) {
	netnstest.Inside(t)
	var c Conn
	t.Cleanup(func() { _ = c.Close() })
	table := &nftables.Table{Name: "demo", Family: nftables.TableFamilyINet}
	collect := func(conn *nftables.Conn) error {
		conn.AddTable(table)
		return nil
	}
	for range 2 {
		if err := c.Batch(collect); err != nil {
			t.Fatal(err)
		}
		if there, err := c.HasTable(table); err != nil || !there {
			t.Fatalf("table is there: %v, %v", there, err)
		}
		if err := c.whole.SetDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASocketWhoseAnswersAreOpenIsNotUsedAgain has two changes fail, of which the first answer says enough.
func TestASocketWhoseAnswersAreOpenIsNotUsedAgain(t *testing.T) {
	netnstest.Inside(t)
	var c Conn
	t.Cleanup(func() { _ = c.Close() })
	table := &nftables.Table{Name: "demo", Family: nftables.TableFamilyINet}
	if err := c.Batch(func(conn *nftables.Conn) error { conn.AddTable(table); return nil }); err != nil {
		t.Fatal(err)
	}
	var changes Changes
	lost := &nftables.Set{Table: table, Name: "lost"}
	for range 2 {
		changes.Add(lost, slices.Values([]nftables.SetElement{{Key: []byte{1, 2}}}))
	}
	if err := c.Make(&changes); !IsDrift(err) {
		t.Fatalf("change of a set that is not there: %v", err)
	}
	if c.plain != nil {
		t.Error("the socket with the second answer is kept")
	}
	if there, err := c.HasTable(table); err != nil || !there {
		t.Fatalf("table is there: %v, %v", there, err)
	}
}
