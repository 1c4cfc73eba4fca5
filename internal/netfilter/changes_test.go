package netfilter_test

import (
	"encoding/binary"
	"iter"
	"os/exec"
	"testing"

	"github.com/google/nftables"

	"vethbridge/internal/netfilter"
	"vethbridge/internal/netns/netnstest"
)

func ports(table string) *nftables.Set {
	t := &nftables.Table{Name: table, Family: nftables.TableFamilyINet}
	return &nftables.Set{Table: t, Name: "ports", KeyType: nftables.TypeInetService}
}

func elements(n uint16) iter.Seq[nftables.SetElement] {
	return func(yield func(nftables.SetElement) bool) {
		for port := range n {
			e := nftables.SetElement{Key: binary.BigEndian.AppendUint16(nil, port), Comment: "of a container with a name that is not short"}
			if !yield(e) {
				return
			}
		}
	}
}

// TestALostTableIsDriftHoweverMuchIsChanged is about the kernel's answers, one for each message that
// fails, of which more than the first few find no room in a socket as it is.
func TestALostTableIsDriftHoweverMuchIsChanged(t *testing.T) {
	netnstest.Inside(t)
	areDrift(t, map[string]func(*netfilter.Changes){
		"one element":     func(c *netfilter.Changes) { c.Delete(ports("lost"), elements(1)) },
		"6,000 elements":  func(c *netfilter.Changes) { c.Delete(ports("lost"), elements(6000)) },
		"65,535 elements": func(c *netfilter.Changes) { c.Delete(ports("lost"), elements(65535)) },
		"1,000 messages": func(c *netfilter.Changes) {
			for range 1000 {
				c.Add(ports("lost"), elements(1))
			}
		},
	})
}

// areDrift wants each of the changes to fail as drift, by a connection of its own.
func areDrift(t *testing.T, list map[string]func(*netfilter.Changes)) {
	t.Helper()
	for name, collect := range list {
		var conn netfilter.Conn
		var changes netfilter.Changes
		collect(&changes)
		if err := conn.Make(&changes); !netfilter.IsDrift(err) {
			t.Errorf("%s: %v, which is no drift", name, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSetsOfAnotherReleaseAreDriftWhateverTheyTake is about one of the same name that takes other elements.
func TestSetsOfAnotherReleaseAreDriftWhateverTheyTake(t *testing.T) {
	netnstest.Inside(t)
	made := "add table inet ours; add set inet ours ports { type ipv6_addr; }"
	for _, script := range []string{made, "add set inet ours layout_9999 { type inet_proto; }"} {
		if out, err := exec.Command("nft", script).CombinedOutput(); err != nil {
			t.Fatalf("nft %s: %v: %s", script, err, out)
		}
	}
	areDrift(t, map[string]func(*netfilter.Changes){
		"removal": func(c *netfilter.Changes) { c.Delete(ports("ours"), elements(1)) },
		"addition": func(c *netfilter.Changes) {
			c.Need(ports("ours").Table)
			c.Add(ports("ours"), elements(1))
		},
	})
}
