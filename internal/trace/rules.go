package trace

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/userdata"

	"vethbridge/internal/netfilter"
)

// Rules finds the words of rules. It is not safe for concurrent use.
type Rules struct{ Conn *netfilter.Conn }

// Words says which rule an event is about: its comment, or how its owner wrote it where a
// program of iptables or nft is there to ask, and its place in its chain.
func (r Rules) Words(e *Event) string {
	place, comment := r.find(e)
	if place == 0 {
		return fmt.Sprintf("rule with handle %d", e.Handle)
	}
	words := fmt.Sprintf("rule %d", place)
	switch text := asWritten(e, place); {
	case comment != "":
		return words + " (" + comment + ")"
	case text != "":
		return words + " (" + text + ")"
	}
	return words
}

// find returns the place of a rule in its chain, from 1, and its comment; 0 if it has gone.
func (r Rules) find(e *Event) (place int, comment string) {
	conn, err := r.Conn.Open()
	if err != nil {
		return 0, ""
	}
	t := &nftables.Table{Family: nftables.TableFamily(e.Family), Name: e.Table}
	rules, err := conn.GetRules(t, &nftables.Chain{Name: e.Chain, Table: t})
	if err != nil {
		return 0, ""
	}
	for i, rule := range rules {
		if rule.Handle == e.Handle {
			comment, _ = userdata.GetString(rule.UserData, userdata.TypeComment)
			return i + 1, comment
		}
	}
	return 0, ""
}

// asWritten asks the program that the table is of; empty if it is not there.
func asWritten(e *Event, place int) string {
	family := netfilter.FamilyName(nftables.TableFamily(e.Family))
	if IsIptables(family, e.Table) {
		program := map[string]string{"ip": "iptables-nft", "ip6": "ip6tables-nft"}[family]
		out, err := exec.Command(program, "-t", e.Table, "-S", e.Chain, strconv.Itoa(place)).Output()
		if err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	out, _ := exec.Command("nft", "-a", "list", "chain", family, e.Table, e.Chain).Output()
	for line := range strings.Lines(string(out)) {
		if rule, found := strings.CutSuffix(strings.TrimSpace(line), fmt.Sprintf(" # handle %d", e.Handle)); found {
			return rule
		}
	}
	return ""
}
