package netfilter

import (
	"testing"
	"time"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

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

// TestASocketWhoseAnswerIsOpenIsNotUsedAgain leaves an answer unread.
func TestASocketWhoseAnswerIsOpenIsNotUsedAgain(t *testing.T) {
	netnstest.Inside(t)
	var c Conn
	t.Cleanup(func() { _ = c.Close() })
	table := &nftables.Table{Name: "demo", Family: nftables.TableFamilyINet}
	if err := c.Batch(func(conn *nftables.Conn) error { conn.AddTable(table); return nil }); err != nil {
		t.Fatal(err)
	}
	socket, err := c.socket()
	if err != nil {
		t.Fatal(err)
	}
	data := attributes{byte(table.Family), unix.NFNETLINK_V0, 0, 0}
	data.text(unix.NFTA_TABLE_NAME, table.Name)
	header := netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE, Flags: netlink.Request}
	if _, err := socket.Send(netlink.Message{Header: header, Data: data}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.HasTable(table); err == nil {
		t.Fatal("the answer to another question was taken")
	}
	if there, err := c.HasTable(table); err != nil || !there {
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
