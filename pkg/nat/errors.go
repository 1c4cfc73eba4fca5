package nat

import (
	"errors"
	"fmt"

	"vethbridge/internal/attachment"
)

// ErrDrift says that the kernel does not hold what the book says: a change could not be
// made as planned, and was not made at all.
var ErrDrift = errors.New("the kernel's ruleset differs from the state file")

// MappingError says why a port can't be published.
type MappingError struct {
	Port   Port
	Reason string
}

func (e *MappingError) Error() string { return fmt.Sprintf("host port %s: %s", e.Port, e.Reason) }

// NetworkTakenError says that another attachment has a network leave with another address.
type NetworkTakenError struct {
	Network Network // what was asked for
	Held    Network // what stands in the way
	Holder  attachment.Owner
}

func (e *NetworkTakenError) Error() string {
	return fmt.Sprintf("claim %s: %s has %s", e.Network, e.Holder, e.Held)
}

// PortTakenError says that a host port belongs to another attachment.
type PortTakenError struct {
	Mapping Mapping // what was asked for
	Held    Mapping // what stands in the way
	Holder  attachment.Owner
}

func (e *PortTakenError) Error() string {
	return fmt.Sprintf("claim host port %s: %s is held by %s", e.Mapping, e.Held, e.Holder)
}
