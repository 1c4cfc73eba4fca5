package iptables

import "strings"

// writing is the input of iptables-restore --noflush that makes our chains anew, which a
// line ":chain" empties if they are there already, and adds the jumps that are not there.
func writing(have saved, rules map[string][]string) string {
	var b strings.Builder
	for _, t := range tables() {
		b.WriteString("*" + t.name + "\n")
		for _, chain := range t.user {
			if _, there := have.user[chain]; !there {
				b.WriteString(":" + chain + " - [0:0]\n")
			}
		}
		t.write(&b, rules)
		for _, j := range t.jumps {
			if have.jumps[j] == 0 {
				b.WriteString(j.adding() + "\n")
			}
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// rewriting is the input that makes our chains anew where the jumps and the administrator's
// chains are there, and fails otherwise.
func rewriting(rules map[string][]string) string {
	var b strings.Builder
	for _, t := range tables() {
		b.WriteString("*" + t.name + "\n")
		t.write(&b, rules)
		for _, j := range t.jumps {
			b.WriteString("-C " + j.from + " " + j.rule() + "\n")
		}
		b.WriteString("COMMIT\n")
	}
	return b.String()
}

// write makes our chains of the table.
func (t table) write(b *strings.Builder, rules map[string][]string) {
	for _, chain := range t.chains {
		b.WriteString(":" + chain + " - [0:0]\n")
	}
	for _, chain := range t.chains {
		for _, rule := range rules[chain] {
			b.WriteString("-A " + chain + " " + rule + "\n")
		}
	}
}

func (j jump) adding() string {
	if j.first {
		return "-I " + j.from + " " + j.rule()
	}
	return "-A " + j.from + " " + j.rule()
}

// removing is the input that removes our chains, the jumps to them, and chains that the
// administrator has left empty, as far as they are there. A table that has nothing of ours is not named: to name it would make it.
func removing(have saved) string {
	var b strings.Builder
	for _, t := range tables() {
		var empty, unlink, remove strings.Builder
		for _, chain := range t.chains {
			if _, there := have.chains[chain]; there {
				empty.WriteString(":" + chain + " - [0:0]\n")
				remove.WriteString("-X " + chain + "\n")
			}
		}
		for _, chain := range t.user {
			if rules, there := have.user[chain]; there && rules == 0 {
				remove.WriteString("-X " + chain + "\n")
			}
		}
		for _, j := range t.jumps {
			unlink.WriteString(strings.Repeat("-D "+j.from+" "+j.rule()+"\n", have.jumps[j]))
		}
		if body := empty.String() + unlink.String() + remove.String(); body != "" {
			b.WriteString("*" + t.name + "\n" + body + "COMMIT\n")
		}
	}
	return b.String()
}
