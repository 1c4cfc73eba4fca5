package integration

import (
	"flag"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

var crowd = flag.Int("crowd", 320, "how many attachments the crowded host has")

// burden is what a verb moves: turns at a netlink socket, the bytes that the kernel answers with, the pages that
// are written to the state file, and the system calls but for those.
type burden struct{ sends, received, written, calls int }

var moved = regexp.MustCompile(`(recvfrom|recvmsg|pwrite64)[( ].* = (\d+)$`)

func burdenOf(trace string) (b burden) {
	var all counts
	for line := range strings.Lines(trace) {
		all.add(line)
		match := moved.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil || strings.Contains(line, "IPCTNL_MSG_CT_NEW") { // a tracked connection: of a client, not of an attachment
			continue
		}
		size, _ := strconv.Atoi(match[2])
		if match[1] == "pwrite64" {
			b.written++
		} else {
			b.received += size
		}
	}
	b.sends, b.calls = all[sends], all[calls]-b.written
	return b
}

// perBridge is how many containers a network of a crowd has: a bridge has 1,023 ports at most.
const perBridge = 1000

// crowdNetwork is one of the networks of a crowd, each with a bridge.
func crowdNetwork(n testbed.Network, number int) testbed.Network {
	name := fmt.Sprint("crowd", number)
	n = n.With(0, "ipMasq", true).With(0, "ipam", testbed.Config{"ranges": []any{
		[]any{testbed.Config{"subnet": fmt.Sprintf("10.%d.0.0/16", 99+number)}}, []any{testbed.Config{"subnet": fmt.Sprintf("fd99:%d::/64", number)}}}})
	return n.With(0, "bridge", name).With(0, "name", name).With(1, "name", name)
}

// crowded is a network with so many containers, each with a published port; those that its bridge has no room
// for are on others.
func crowded(t *testing.T, many int) (*testbed.Host, testbed.Network) {
	h, demo := newDemo(t)
	const together = 50
	for first := 0; first < many; first += together {
		var list []testbed.Container
		for i := first; i < min(first+together, many); i++ {
			id := fmt.Sprint("c", i)
			if i == 0 {
				id = "other"
			}
			list = append(list, testbed.Container{ID: id, Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 10000 + i, ContainerPort: 80}}})
		}
		crowdNetwork(demo, first/perBridge).AddAll(t, list)
		if first == 0 { // where nothing is tracked, DEL looks for nothing
			h.Serve(list[0].Netns, "tcp", 80, "other")
		}
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 10000, "other", "")
	return h, crowdNetwork(demo, 0)
}

// TestAddCheckAndDelCostNoMoreBesideManyAttachments counts what the kernel is asked, what it answers with and
// what is written, beside a few attachments and beside hundreds on the same bridge: a dump of links,
// addresses or elements would stand out. STATUS is judged too; a GC that finds nothing has to be told of all, once. With -crowd there are other numbers.
func TestAddCheckAndDelCostNoMoreBesideManyAttachments(t *testing.T) {
	few, many := 40, *crowd
	all, collected := map[int]map[string]burden{}, map[int]map[string]burden{}
	for _, size := range []int{few, many} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			h, n := crowded(t, size)
			all[size] = map[string]burden{}
			eachVerb(t, h, n, func(name string, call testbed.Call) string {
				if call.Command == "GC" {
					return ""
				}
				stdout, trace := straced(t, n.Plugins, call)
				all[size][name] = burdenOf(trace)
				return stdout
			})
			collected[size] = idleGC(t, n, size)
		})
	}
	for name, one := range collected[few] {
		growsByMarks(t, name, one, collected[many][name], many-few)
	}
	for name, one := range all[few] {
		among := all[many][name]
		t.Logf("%s: %+v beside %d, %+v beside %d", name, one, few, among, many)
		// The state file is made of trees: a few pages more or less are to be changed wherever a leaf is split, and with
		// thousands of leaves they are a level higher. The runtime adds some calls now and then.
		pages := one.written * 3 / 2
		if many > perBridge {
			pages = one.written * 2
		}
		if among.sends > one.sends || among.received > one.received+one.received/20+200 || among.written > pages || among.calls > one.calls+10 {
			t.Errorf("%s moves %+v beside %d attachments, and %+v beside %d", name, one, few, among, many)
		}
	}
}
