package shared

import (
	"fmt"
	"slices"

	"vethbridge/internal/state"
)

// users says how many attachments use an object, by its name. Who they are stands in their records.
const users state.Table = "shared-users"

// Kind is the kind of a shared object.
type Kind string

// The kinds there are. Their values stand in the state file.
const (
	Bridge        Kind = "bridge"         // Name is the bridge's
	Forwarding    Kind = "forwarding"     // Name is the family
	RouteLocalnet Kind = "route_localnet" // Name is the device's
	VLAN          Kind = "vlan"           // Name is that of the gateway's link
	Uplink        Kind = "uplink"         // Name is the link's
	Accepted      Kind = "accepted"       // Name is the bridge's, which firewalls of the host let through
	Zoned         Kind = "zoned"          // Name is the bridge's, which is in a zone of firewalld
)

// Object is something that several attachments use.
type Object struct {
	Kind Kind
	Name string
}

// String returns "bridge cni0". It stands in the state file.
func (o Object) String() string {
	if o.Name == "" {
		return string(o.Kind)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Name)
}

func (o Object) key() []byte {
	return []byte(string(o.Kind) + "\x00" + o.Name + "\x00")
}

// Use makes an attachment a user of objects, after which its record must be put. Repeating it changes nothing.
func Use(tx *state.Tx, record *state.Attachment, objects ...Object) error {
	for _, o := range objects {
		if o.usedBy(record) {
			continue
		}
		if err := state.AddTo(tx, users, o.String(), 1); err != nil {
			return err
		}
		record.Shares = append(record.Shares, o.String())
	}
	return nil
}

// Leave takes an attachment off an object, after which its record must be put.
func Leave(tx *state.Tx, record *state.Attachment, o Object) error {
	if !o.usedBy(record) {
		return nil
	}
	record.Shares = slices.DeleteFunc(record.Shares, func(name string) bool { return name == o.String() })
	return state.AddTo(tx, users, o.String(), -1)
}

// LeaveAll takes an attachment off all that it uses, after which its record must be deleted.
func LeaveAll(tx *state.Tx, record *state.Attachment) error {
	for _, name := range record.Shares {
		if err := state.AddTo(tx, users, name, -1); err != nil {
			return err
		}
	}
	return nil
}

func (o Object) usedBy(a *state.Attachment) bool { return slices.Contains(a.Shares, o.String()) }

// UsedByOthers reports whether anyone uses the object but the attachment of a record, which may be the zero one.
func (o Object) UsedByOthers(tx *state.Tx, record *state.Attachment) (bool, error) {
	n, err := o.Users(tx)
	if o.usedBy(record) {
		n--
	}
	return n > 0, err
}

// Users counts who uses the object.
func (o Object) Users(tx *state.Tx) (int, error) { return state.NumberAt(tx, users, o.String()) }
