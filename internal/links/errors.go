package links

import (
	"fmt"
	"net/netip"
	"strings"
)

// NotABridgeError says that the link named as bridge is something else.
type NotABridgeError struct{ Name, Kind string }

func (e *NotABridgeError) Error() string {
	return fmt.Sprintf("link %s is a %s, not a bridge", e.Name, e.Kind)
}

// NotAPortError says that a link is not a port of a bridge.
type NotAPortError struct{ Name string }

func (e *NotAPortError) Error() string { return "link " + e.Name + " is not a bridge port" }

// NotForwardingError says that a bridge did not come to forward the frames of a port.
type NotForwardingError struct {
	Bridge, Port string
	State        PortState
	Cause        error
}

func (e *NotForwardingError) Error() string {
	return fmt.Sprintf("port %s of bridge %s does not forward, it is %s: %v", e.Port, e.Bridge, e.State, e.Cause)
}

// Unwrap gives access to the context's error where a deadline was the reason.
func (e *NotForwardingError) Unwrap() error { return e.Cause }

// NameTakenError says that a link of the name is there already, on the host or in the
// container.
type NameTakenError struct {
	Name        string
	InContainer bool
}

func (e *NameTakenError) Error() string {
	if e.InContainer {
		return fmt.Sprintf("make veth pair: there is an interface %s in the container already", e.Name)
	}
	return fmt.Sprintf("make veth pair: there is a link %s on the host already", e.Name)
}

// BridgeFullError says that a bridge has as many ports as the kernel allows, which
// is MaxPorts.
type BridgeFullError struct{ Name string }

func (e *BridgeFullError) Error() string {
	return fmt.Sprintf("bridge %s is full: it has %d ports, the kernel's limit", e.Name, MaxPorts)
}

// MTUError says that a port's MTU is beyond its bridge's: its large frames would be lost.
type MTUError struct {
	PortMTU, BridgeMTU int
	Bridge             string
}

func (e *MTUError) Error() string {
	return fmt.Sprintf("MTU %d of the port is larger than MTU %d of bridge %s", e.PortMTU, e.BridgeMTU, e.Bridge)
}

// UplinkAddressedError says that a link that shall be the uplink of a bridge carries
// addresses, by which nobody would reach the host any more.
type UplinkAddressedError struct {
	Name      string
	Addresses []netip.Prefix
}

func (e *UplinkAddressedError) Error() string {
	texts := make([]string, len(e.Addresses))
	for i, a := range e.Addresses {
		texts[i] = a.String()
	}
	return fmt.Sprintf("uplink %s carries %s", e.Name, strings.Join(texts, ", "))
}

// UplinkTakenError says that a link can't be the uplink of a bridge, since it is a port of
// another one.
type UplinkTakenError struct{ Name, Master string }

func (e *UplinkTakenError) Error() string {
	return fmt.Sprintf("uplink %s is a port of %s already", e.Name, e.Master)
}

// UplinkMTUError says that a port's MTU is beyond that of the bridge's uplink.
type UplinkMTUError struct {
	Name         string
	MTU, PortMTU int
}

func (e *UplinkMTUError) Error() string {
	return fmt.Sprintf("MTU %d of the port is larger than MTU %d of uplink %s", e.PortMTU, e.MTU, e.Name)
}

// UplinkMissingError says that there is no link of that name.
type UplinkMissingError struct{ Name string }

func (e *UplinkMissingError) Error() string {
	return "there is no link " + e.Name + " to be the uplink"
}

// IPv6OffError says that something of IPv6 can't be done where there is no IPv6.
type IPv6OffError struct{ What string }

func (e *IPv6OffError) Error() string { return e.What + ": IPv6 is off there" }

// InsideError is what differs in a container, where whoever runs in it may have changed it.
type InsideError struct {
	What    string
	Command string // that puts it right there
}

func (e *InsideError) Error() string { return e.What }
