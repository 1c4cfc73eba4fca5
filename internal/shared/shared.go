package shared

import (
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

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

// String returns "bridge cni0".
func (o Object) String() string {
	if o.Name == "" {
		return string(o.Kind)
	}
	return fmt.Sprintf("%s %s", o.Kind, o.Name)
}

func (o Object) key() []byte {
	return []byte(string(o.Kind) + "\x00" + o.Name + "\x00")
}

// Use records that owner uses the object; repeating it changes nothing.
func (o Object) Use(tx *state.Tx, owner attachment.Owner) error {
	return state.Put(tx, users, append(o.key(), owner.Key()...), owner)
}

// Leave records that owner no longer uses the object.
func (o Object) Leave(tx *state.Tx, owner attachment.Owner) error {
	return state.Delete(tx, users, append(o.key(), owner.Key()...))
}

// UsedByOthers reports whether anyone but owner uses the object. It looks at two entries
// at most, whatever their number.
func (o Object) UsedByOthers(tx *state.Tx, owner attachment.Owner) (bool, error) {
	used := false
	err := state.Each(tx, users, o.key(), func(_ []byte, user *attachment.Owner) error {
		if *user != owner {
			used = true
			return state.ErrStop
		}
		return nil
	})
	return used, err
}

// Users lists who uses the object.
func (o Object) Users(tx *state.Tx) ([]attachment.Owner, error) {
	var list []attachment.Owner
	err := state.Each(tx, users, o.key(), func(_ []byte, user *attachment.Owner) error {
		list = append(list, *user)
		return nil
	})
	return list, err
}
