package links

import "fmt"

// NotABridgeError says that the link named as bridge is something else.
type NotABridgeError struct{ Name, Kind string }

func (e *NotABridgeError) Error() string {
	return fmt.Sprintf("link %s is a %s, not a bridge", e.Name, e.Kind)
}

// NotAPortError says that a link is not a port of a bridge.
type NotAPortError struct{ Name string }

func (e *NotAPortError) Error() string { return "link " + e.Name + " is not a bridge port" }
