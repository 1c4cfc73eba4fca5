package netfilter

import (
	"testing"
	"time"

	"github.com/google/nftables"

	"vethbridge/internal/netns/netnstest"
)

// TestEachUseOfASocketHasTheWholeTime has sockets be open for longer than all answers may take.
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
		if err := expire(&c); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASocketWhoseAnswerIsOpenIsNotUsedAgain lets a question end before its answer is read.
func TestASocketWhoseAnswerIsOpenIsNotUsedAgain(t *testing.T) {
	netnstest.Inside(t)
	var c Conn
	t.Cleanup(func() { _ = c.Close() })
	table := &nftables.Table{Name: "demo", Family: nftables.TableFamilyINet}
	if there, err := c.HasTable(table); err != nil || there {
		t.Fatalf("table is there: %v, %v", there, err)
	}
	if err := c.plain.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.HasTable(table); err == nil {
		t.Fatal("a closed socket has answered")
	}
	if there, err := c.HasTable(table); err != nil || there {
		t.Fatalf("table is there: %v, %v", there, err)
	}
}

func expire(c *Conn) error {
	past := time.Unix(1, 0)
	if err := c.plain.SetDeadline(past); err != nil {
		return err
	}
	return c.whole.SetDeadline(past)
}
