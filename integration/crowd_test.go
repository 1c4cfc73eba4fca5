package integration

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"vethbridge/integration/testbed"
)

// burden is what a verb moves: turns at a netlink socket, the bytes that the kernel answers with,
// and the pages that are written to the state file.
type burden struct{ sends, received, written int }

var moved = regexp.MustCompile(`(sendto|sendmsg|recvfrom|recvmsg|pwrite64)[( ].* = (\d+)$`)

func burdenOf(trace string) (b burden) {
	for line := range strings.Lines(trace) {
		match := moved.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue
		}
		size, _ := strconv.Atoi(match[2])
		switch match[1] {
		case "sendto", "sendmsg":
			b.sends++
		case "recvfrom", "recvmsg":
			b.received += size
		default:
			b.written++
		}
	}
	return b
}

// crowded is a network with so many containers on one bridge, each with a published port.
func crowded(t *testing.T, many int) (*testbed.Host, testbed.Network) {
	h, n := newDemo(t)
	n = n.With(0, "ipMasq", true).With(0, "ipam", testbed.Config{"ranges": []any{
		[]any{testbed.Config{"subnet": "10.99.0.0/16"}}, []any{testbed.Config{"subnet": "fd99::/64"}}}})
	for first := 0; first < many; first += 50 {
		var crowd []testbed.Container
		for i := first; i < min(first+50, many); i++ {
			id := fmt.Sprint("c", i)
			if i == 0 {
				id = "other"
			}
			crowd = append(crowd, testbed.Container{ID: id, Netns: h.NewContainer(), Ports: []testbed.Port{{HostPort: 10000 + i, ContainerPort: 80}}})
		}
		n.AddAll(t, crowd)
		if first == 0 { // where nothing is tracked, DEL looks for nothing
			h.Serve(crowd[0].Netns, "tcp", 80, "other")
		}
	}
	expect(t, h, h.LAN, "tcp", testbed.HostAddr4, 10000, "other", "")
	return h, n
}

// TestAddCheckAndDelCostNoMoreBesideManyAttachments counts what the kernel is asked, what it answers with and
// what is written, beside a few attachments and beside hundreds on the same bridge: a dump of links,
// addresses or elements would stand out. STATUS is judged too; GC has to look at all.
func TestAddCheckAndDelCostNoMoreBesideManyAttachments(t *testing.T) {
	const few, many = 40, 320
	all := map[int]map[string]burden{}
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
		})
	}
	for name, one := range all[few] {
		crowd := all[many][name]
		t.Logf("%s: %+v beside %d, %+v beside %d", name, one, few, crowd, many)
		// The state file is a tree: a few pages more or less are to be changed wherever a leaf is split.
		if crowd.sends > one.sends || crowd.received > one.received+one.received/20+200 || crowd.written > one.written*3/2 {
			t.Errorf("%s moves %+v beside %d attachments, and %+v beside %d", name, one, few, crowd, many)
		}
	}
}
