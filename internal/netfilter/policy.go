package netfilter

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Family is the family of a table (NFPROTO_*).
type Family uint8

// The families of iptables' tables in nftables.
const (
	IPv4 Family = unix.NFPROTO_IPV4
	IPv6 Family = unix.NFPROTO_IPV6
)

// DropsRest reports whether a chain drops what its rules have not let through: by its policy, or by
// a last rule for all packets. A chain that is not there doesn't, nor does any where the kernel has
// no nftables.
func DropsRest(f Family, table, chain string) (bool, error) {
	attributes, err := getChain(f, table, chain)
	const drop = 0 // NF_DROP
	if policy := attributes[unix.NFTA_CHAIN_POLICY]; len(policy) == 4 && binary.BigEndian.Uint32(policy) == drop {
		return true, nil
	}
	if rules := attributes[unix.NFTA_CHAIN_USE]; err != nil || len(rules) != 4 || binary.BigEndian.Uint32(rules) == 0 {
		return false, err
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
		return false, fmt.Errorf("list rules of chain %s: %w", chain, err)
	}
	return len(rules) > 0 && dropsAll(rules[len(rules)-1].Exprs), nil
}

// ChainExists reports whether there is such a chain.
func ChainExists(f Family, table, chain string) (bool, error) {
	attributes, err := getChain(f, table, chain)
	return len(attributes) > 0, err
}

// getChain asks for one chain, whatever number of others there is.
func getChain(f Family, table, chain string) (map[uint16][]byte, error) {
	e := netlink.NewAttributeEncoder()
	e.String(unix.NFTA_CHAIN_TABLE, table)
	e.String(unix.NFTA_CHAIN_NAME, chain)
	attributes, err := e.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode chain %s: %w", chain, err)
	}
	answer, err := ask(unix.NFT_MSG_GETCHAIN, append([]byte{byte(f), unix.NFNETLINK_V0, 0, 0}, attributes...))
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.EINVAL):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("ask for chain %s of table %s: %w", chain, table, err)
	}
	list, err := netlink.UnmarshalAttributes(answer[4:])
	if err != nil {
		return nil, fmt.Errorf("decode chain %s: %w", chain, err)
	}
	found := map[uint16][]byte{}
	for _, a := range list {
		found[a.Type] = a.Data
	}
	return found, nil
}
