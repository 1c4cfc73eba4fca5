package netfilter

import (
	"encoding/binary"
	"errors"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"vethbridge/internal/failure"
	"vethbridge/internal/nlsocket"
)

// Family is the family of a table (NFPROTO_*).
type Family uint8

// The families of iptables' tables in nftables.
const (
	IPv4 Family = unix.NFPROTO_IPV4
	IPv6 Family = unix.NFPROTO_IPV6
	Inet Family = unix.NFPROTO_INET
)

// DropsRest reports whether a chain drops what its rules have not let through: by its policy, or by
// a last rule for all packets. A chain that is not there doesn't, nor does any where the kernel has
// no nftables.
func DropsRest(f Family, table, chain string) (bool, error) {
	found, err := getChain(f, table, chain)
	if err != nil || found == nil {
		return false, err
	}
	policy, _ := nlsocket.Attribute(found, unix.NFTA_CHAIN_POLICY)
	rules, _ := nlsocket.Attribute(found, unix.NFTA_CHAIN_USE)
	const drop = 0 // NF_DROP
	switch {
	case len(policy) == 4 && binary.BigEndian.Uint32(policy) == drop:
		return true, nil
	case len(rules) != 4 || binary.BigEndian.Uint32(rules) == 0:
		return false, nil
	}
	return lastRuleDrops(f, table, chain)
}

func lastRuleDrops(f Family, table, chain string) (bool, error) {
	var c Conn
	conn, err := c.Open()
	if err != nil {
		return false, err
	}
	t := &nftables.Table{Name: table, Family: nftables.TableFamily(f)}
	rules, err := conn.GetRules(t, &nftables.Chain{Name: chain, Table: t})
	if err = errors.Join(err, c.Close()); err != nil {
		return false, failure.To("list rules of chain "+chain, err)
	}
	return len(rules) > 0 && dropsAll(rules[len(rules)-1].Exprs), nil
}

// ChainExists reports whether there is such a chain.
func ChainExists(f Family, table, chain string) (bool, error) {
	found, err := getChain(f, table, chain)
	return found != nil, err
}

// getChain asks for the attributes of one chain, whatever number of others there is.
func getChain(f Family, table, chain string) ([]byte, error) {
	socket, err := nlsocket.Open(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, failure.To("open nftables socket", err)
	}
	defer socket.Close()
	question := about(unix.NFT_MSG_GETCHAIN, 0, nftables.TableFamily(f))
	question.text(unix.NFTA_CHAIN_TABLE, table)
	question.text(unix.NFTA_CHAIN_NAME, chain)
	answer, err := socket.Ask(question)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EINVAL):
		return nil, nil
	case err != nil:
		return nil, failure.To("ask for chain "+chain+" of table "+table, err)
	case len(answer) != 1:
		return nil, failure.To("ask for chain "+chain+" of table "+table, errAnswer)
	}
	return answer[0][min(nfgenmsg, len(answer[0])):], nil
}
