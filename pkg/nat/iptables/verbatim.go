package iptables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// Conditions in iptables' own words are read back from the comment of their rule: iptables-save
// spells them as it likes.
const inWords = " if "

func comment(e *nat.Entry) string {
	if e.Mapping.Limit.Match == "" {
		return e.Mark
	}
	return e.Mark + inWords + e.Mapping.Limit.Match
}

// fromComment is the reverse of comment.
func fromComment(text string) (mark, match string) {
	mark, match, _ = strings.Cut(text, inWords)
	return mark, match
}

// MaxMatch is how many bytes conditions may have: a comment has 255 (XT_MAX_COMMENT_LEN), half of
// which are the owner's.
const MaxMatch = 120

// reserved are the options that rules of ours have already, or that would make them other rules.
var reserved = []string{
	"--comment", "--dport", "--dports", "--destination-port", "--destination-ports", "--to-destination",
	"--jump", "--goto", "--protocol", "--proto", "--source", "--src", "--destination", "--dst", "--in-interface", "--out-interface",
	"--table", "--append", "--check", "--delete", "--insert", "--replace", "--list", "--list-rules", "--flush", "--zero",
	"--new-chain", "--delete-chain", "--rename-chain", "--policy", "--set-counters", "--modprobe", "--wait",
}

// CheckMatch tells why words can't be conditions of a rule: they are matches with their options
// ("-m set --match-set clients src"), each perhaps behind a "!", and links that are not the one ("! -i eth0").
func CheckMatch(match string) error {
	if len(match) > MaxMatch {
		return fmt.Errorf("more than %d characters", MaxMatch)
	}
	list := strings.Fields(match)
	for i, word := range list {
		before := ""
		if i > 0 {
			before = list[i-1]
		}
		switch {
		case word == "-i" && before == "!", word == "-m":
		case strings.HasPrefix(word, "--") && strings.Trim(word, plain) == "" && !slices.Contains(reserved, word):
		case strings.HasPrefix(word, "-"):
			return fmt.Errorf("%s is not an option of a match", word)
		case before == "-m" && word == "comment":
			return fmt.Errorf("the comment of a rule is its owner's")
		}
	}
	return nil
}

// verbatim quotes each word.
func verbatim(match string) (string, error) {
	if err := CheckMatch(match); err != nil {
		return "", err
	}
	var quoted []string
	for _, word := range strings.Fields(match) {
		if strings.HasPrefix(word, "-") || word == "!" {
			quoted = append(quoted, word)
			continue
		}
		value, err := quote(word)
		if err != nil {
			return "", err
		}
		quoted = append(quoted, value)
	}
	return strings.Join(quoted, " "), nil
}

// canonical spells rules that iptables-save printed as ours, as far as they are: of conditions in
// words there is no telling.
func (f *family) canonical(chain string, rules []string) []string {
	if !slices.ContainsFunc(rules, func(r string) bool { return strings.Contains(r, inWords) }) {
		return rules
	}
	rules = slices.Clone(rules)
	for i, rule := range rules {
		if own, err := f.respelled(chain, parse(rule)); err == nil && strings.Contains(rule, inWords) {
			rules[i] = own
		}
	}
	return rules
}

func (f *family) respelled(chain string, o options) (string, error) {
	e, err := f.entry(chain, o)
	if err != nil {
		return "", err
	}
	return dnatRule(&e)
}

// Try tells why the programs would refuse the rules of mappings, without a change: words that
// only they understand.
func (b *Backend) Try(ctx context.Context, list []nat.Mapping) error {
	for _, f := range families() {
		var rules strings.Builder
		for _, m := range list {
			if m.Limit.Match == "" || !f.has(m.Host) {
				continue
			}
			rule, err := dnatRule(&nat.Entry{Mapping: m})
			if err != nil {
				return err
			}
			rules.WriteString("-A " + tried + " " + rule + "\n")
		}
		if rules.Len() == 0 {
			continue
		}
		if _, err := b.run(ctx, &f, "restore", "*nat\n:"+tried+" - [0:0]\n"+rules.String()+"COMMIT\n", "--noflush", "--test"); err != nil {
			return failure.To("try conditions", err)
		}
	}
	return nil
}

// tried is a chain that is never made.
const tried = "VETHBRIDGE-TRIED"
