package ipam

import (
	"fmt"
	"net/netip"

	"vethbridge/internal/attachment"
)

// ConfigError says what is wrong with one value of the config.
type ConfigError struct {
	Key    string // path of the value, as ipam.ranges[0][0].gateway
	Value  string // the value as written; empty if it is missing
	Reason string
}

func (e *ConfigError) Error() string {
	if e.Value == "" {
		return e.Key + " " + e.Reason
	}
	return fmt.Sprintf("%s %q %s", e.Key, e.Value, e.Reason)
}

// ExhaustedError says that a range set has no address left. Releasing a dead holder
// (Holders) helps.
type ExhaustedError struct {
	Network string
	Set     int // index of the range set
	Size    uint64
	Used    uint64
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("range set %d of network %s has no free address: %d of %d in use", e.Set, e.Network, e.Used, e.Size)
}

// TakenError says that an address asked for is leased to someone else.
type TakenError struct {
	Address netip.Addr
	Holder  attachment.Owner
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("address %s is held by %s", e.Address, e.Holder)
}

// Reason says why an address can't be given.
type Reason int

// The reasons.
const (
	allowed Reason = iota
	OutOfRange
	NetworkAddress
	BroadcastAddress
	GatewayAddress
	Multicast
	Excluded
	SecondInSet
)

// String returns the reason as the end of a sentence that begins with the address.
func (r Reason) String() string {
	switch r {
	case OutOfRange:
		return "lies outside every range of the network"
	case NetworkAddress:
		return "is the address of the subnet itself"
	case BroadcastAddress:
		return "is the subnet's broadcast address"
	case GatewayAddress:
		return "is the gateway"
	case Multicast:
		return "is a multicast address"
	case Excluded:
		return "is excluded"
	case SecondInSet:
		return "is the second one asked for in a range set, which gives one address"
	}
	return fmt.Sprintf("reason(%d)", int(r))
}

// NotAllowedError says that an address asked for is never given.
type NotAllowedError struct {
	Address netip.Addr
	Reason  Reason
}

func (e *NotAllowedError) Error() string {
	return fmt.Sprintf("address %s %s", e.Address, e.Reason)
}

// OverlapError says that a subnet overlaps one that another network uses.
type OverlapError struct {
	Network string
	Subnet  netip.Prefix
	Other   string // the other network
	InUse   netip.Prefix
}

func (e *OverlapError) Error() string {
	return fmt.Sprintf("subnet %s of network %s overlaps %s, in use by network %s", e.Subnet, e.Network, e.InUse, e.Other)
}
