package state

import (
	"errors"
	"net"

	"vethbridge/internal/attachment"
)

const attachments Table = "attachments"

// Netns identifies a container's network namespace beyond its path, which another
// container may use later: nsfs gives each live namespace an inode of its own.
type Netns struct {
	Path  string `json:"path"`
	Dev   uint64 `json:"dev"`
	Inode uint64 `json:"inode"`
}

// Attachment is the record of one attachment: who owns it, and what tells whether it is
// still alive. What it holds (addresses, translations) stands in tables of the libraries
// that give it, under the same owner.
type Attachment struct {
	Owner    attachment.Owner `json:"owner"`
	BootID   string           `json:"bootID"`
	Netns    Netns            `json:"netns"`
	HostLink string           `json:"hostLink,omitempty"` // empty where another plugin made the link
	Bridge   string           `json:"bridge,omitempty"`
	// MAC is the container's address on the bridge, claimed by it; nil where others made the link.
	MAC net.HardwareAddr `json:"mac,omitempty"`
	// Port is what ADD made of the link beyond that. It says nothing where MAC is nil.
	Port attachment.Port `json:"port,omitzero"`
	// Promisc and VLANFiltering are what the attachment needs of the bridge.
	Promisc       bool `json:"promisc,omitempty"`
	VLANFiltering bool `json:"vlanFiltering,omitempty"`
	// RemoveBridge says that the bridge goes with its last attachment, so that DEL can do it
	// without the config.
	RemoveBridge bool `json:"removeBridge,omitempty"`
	// Uplink is the link that the attachment needs as a port of the bridge; may be empty.
	Uplink string `json:"uplink,omitempty"`
	// GatewayLink is the link in a VLAN that carries the gateway; empty if the bridge does.
	GatewayLink string `json:"gatewayLink,omitempty"`
	// LocalhostVia is the device by which the host's 127.0.0.1 reaches the published ports;
	// empty if it doesn't.
	LocalhostVia string `json:"localhostVia,omitempty"`
	// Shares are the objects of internal/shared that the attachment uses, by name.
	Shares []string `json:"shares,omitempty"`
	// Created is CLOCK_BOOTTIME in nanoseconds: an age that no wall clock step changes.
	Created int64 `json:"created"`
}

// Known reports whether the record says what the link shall be: ADD wrote it, not a rebuild from marks, nor a plugin for
// another's link.
func (a Attachment) Known() bool { return a.HostLink != "" && a.MAC != nil }

// Gateway is the device that carries the gateway: the bridge, or its link in a VLAN; empty if
// the attachment is of no bridge.
func (a Attachment) Gateway() string {
	if a.GatewayLink != "" {
		return a.GatewayLink
	}
	return a.Bridge
}

// PutAttachment writes the record of a.Owner, replacing a former one.
func (tx *Tx) PutAttachment(a Attachment) error {
	known := Has(tx, attachments, a.Owner.Key())
	if err := Put(tx, attachments, a.Owner.Key(), a); err != nil || known {
		return err
	}
	return tx.count(1)
}

// Attachment reads the record of an owner; it reports false if there is none.
func (tx *Tx) Attachment(o attachment.Owner) (*Attachment, bool, error) {
	return Get[Attachment](tx, attachments, o.Key())
}

// DeleteAttachment removes the record of an owner; a missing one is no error.
func (tx *Tx) DeleteAttachment(o attachment.Owner) error {
	if !Has(tx, attachments, o.Key()) {
		return nil
	}
	return errors.Join(Delete(tx, attachments, o.Key()), tx.count(-1))
}

// Attachments lists the records of a network in the order of their keys, or of all
// networks if network is empty.
func (tx *Tx) Attachments(network string) ([]*Attachment, error) {
	var list []*Attachment
	err := Each(tx, attachments, networkPrefix(network), func(_ []byte, a *Attachment) error {
		list = append(list, a)
		return nil
	})
	return list, err
}

// EachOwner calls fn for the owners of a network's attachments, or of all if network is empty. It reads a record only where its
// key does not tell whose it is.
func (tx *Tx) EachOwner(network string, fn func(attachment.Owner) error) error {
	for key := range KeysWith(tx, attachments, networkPrefix(network)) {
		owner, ok := attachment.ParseKey(key)
		if !ok {
			a, _, err := Get[Attachment](tx, attachments, key)
			if owner = a.Owner; err != nil {
				return err
			}
		}
		if err := fn(owner); err != nil {
			return err
		}
	}
	return nil
}

func networkPrefix(network string) []byte {
	if network == "" {
		return nil
	}
	return attachment.NetworkKey(network)
}

// count keeps the number of records as the table's sequence, which nothing else needs.
func (tx *Tx) count(change int) error {
	b, err := tx.writable(attachments)
	if err != nil {
		return err
	}
	return b.SetSequence(b.Sequence() + uint64(change))
}

// Count returns the number of attachments, without reading them.
func (tx *Tx) Count() int {
	b := tx.bucket(attachments)
	if b == nil {
		return 0
	}
	return int(b.Sequence())
}
