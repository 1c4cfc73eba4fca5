package netfilter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// Rule is one rule with the comment that says what it is for, by which it is known again.
type Rule struct {
	Comment string
	Exprs   []expr.Any
}

// NewRule makes a rule of its parts.
func NewRule(comment string, parts ...[]expr.Any) Rule {
	return Rule{Comment: comment, Exprs: slices.Concat(parts...)}
}

// Chain is a chain with its rules; a chain without a hook is jumped to.
type Chain struct {
	Name     string
	Type     nftables.ChainType
	Hook     *nftables.ChainHook
	Priority *nftables.ChainPriority
	Rules    []Rule
}

func (c Chain) in(t *nftables.Table) *nftables.Chain {
	return &nftables.Chain{Name: c.Name, Table: t, Type: c.Type, Hooknum: c.Hook, Priority: c.Priority}
}

// addChains collects the making of chains with their rules. A chain that is jumped to stands
// before the chains that jump.
func addChains(conn *nftables.Conn, t *nftables.Table, chains []Chain) {
	for _, c := range chains {
		chain := conn.AddChain(c.in(t))
		for _, r := range c.Rules {
			conn.AddRule(&nftables.Rule{
				Table: t, Chain: chain, Exprs: r.Exprs, UserData: userdata.AppendString(nil, userdata.TypeComment, r.Comment),
			})
		}
	}
}

// MissingRules names the rules that are not there, by their comments; where all of them are, but others
// too or not in their order, the order is what is missing. A rule can't be changed without losing
// its place.
func (c *Conn) MissingRules(t *nftables.Table, chains []Chain) (missing []string, err error) {
	have, err := c.comments(t)
	for _, chain := range chains {
		missing = append(missing, chain.lacks(have[chain.Name])...)
	}
	return missing, err
}

// comments are those of the rules of each chain of a table, in their order, by one dump.
func (c *Conn) comments(t *nftables.Table) (map[string][]string, error) {
	question := about(unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP, t.Family)
	question.text(unix.NFTA_RULE_TABLE, t.Name)
	rules, err := c.request(question)
	comments := map[string][]string{}
	for _, rule := range rules {
		list := rule[min(nfgenmsg, len(rule)):]
		chain, _ := nlsocket.Attribute(list, unix.NFTA_RULE_CHAIN)
		more, _ := nlsocket.Attribute(list, unix.NFTA_RULE_USERDATA)
		comment, _ := userdata.GetString(more, userdata.TypeComment)
		name := unix.ByteSliceToString(chain)
		comments[name] = append(comments[name], comment)
	}
	// Any change of any table interrupts the dump, on some hosts all the time. The rules of ours are only
	// changed by whoever made it.
	if err != nil && !errors.Is(err, nlsocket.ErrInterrupted) {
		return nil, failure.To("list rules of table "+t.Name, err)
	}
	return comments, nil
}

// lacks compares the comments of the rules that there are with those that there shall be.
func (c Chain) lacks(have []string) (missing []string) {
	want := make([]string, 0, len(c.Rules))
	for _, r := range c.Rules {
		if want = append(want, r.Comment); !slices.Contains(have, r.Comment) {
			missing = append(missing, fmt.Sprintf("rule %q of chain %s", r.Comment, c.Name))
		}
	}
	if missing == nil && !strings.HasPrefix(c.Name, UserPrefix) && !slices.Equal(have, want) {
		missing = []string{"the order of our rules of chain " + c.Name + ", with no other between them,"}
	}
	return missing
}

// HasTable reports whether there is such a table, by one message whatever number of others there is.
func (c *Conn) HasTable(t *nftables.Table) (bool, error) {
	question := about(unix.NFT_MSG_GETTABLE, 0, t.Family)
	question.text(unix.NFTA_TABLE_NAME, t.Name)
	return c.has(question, t)
}

// HasLayout reports whether there is such a table as this release makes it, by one message.
func (c *Conn) HasLayout(t *nftables.Table) (bool, error) {
	question := about(unix.NFT_MSG_GETSET, 0, t.Family)
	question.text(unix.NFTA_SET_TABLE, t.Name)
	question.text(unix.NFTA_SET_NAME, LayoutMark(t).Name)
	return c.has(question, t)
}

func (c *Conn) has(question attributes, t *nftables.Table) (bool, error) {
	_, err := c.request(question)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.ENOENT):
		return false, nil
	}
	return false, failure.To("ask for table "+t.Name, err)
}
