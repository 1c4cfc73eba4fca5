package host

import (
	"fmt"
	"net"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
)

// macs says which attachment has a MAC address on a bridge. Two of one address would take each
// other's frames.
const macs state.Table = "macs"

// MACTakenError says that a MAC address belongs to another attachment on the same bridge.
type MACTakenError struct {
	MAC    net.HardwareAddr
	Holder attachment.Owner
}

func (e *MACTakenError) Error() string {
	return fmt.Sprintf("claim MAC address: %s is held by %s", e.MAC, e.Holder)
}

func macKey(bridge string, mac net.HardwareAddr) []byte {
	return append([]byte(bridge+"\x00"), mac...)
}

// ClaimMAC enters the MAC address of the record's attachment in the book, after which the
// record must be put. One that another attachment has is a *MACTakenError.
func ClaimMAC(tx *state.Tx, record *state.Attachment, mac net.HardwareAddr) error {
	key := macKey(record.Bridge, mac)
	holder, taken, err := state.Get[attachment.Owner](tx, macs, key)
	if err != nil {
		return err
	}
	if taken && *holder != record.Owner {
		return &MACTakenError{mac, *holder}
	}
	record.MAC = mac
	return state.Put(tx, macs, key, record.Owner)
}

func releaseMAC(tx *state.Tx, record *state.Attachment) error {
	if record.MAC == nil {
		return nil
	}
	return state.Delete(tx, macs, macKey(record.Bridge, record.MAC))
}

// CheckMACs verifies that every holder of a MAC address is attached with it.
func CheckMACs(tx *state.Tx) error {
	return state.Each(tx, macs, nil, func(_ []byte, holder *attachment.Owner) error {
		record, known, err := tx.Attachment(*holder)
		if err == nil && (!known || record.MAC == nil) {
			err = fmt.Errorf("check MAC addresses: one belongs to %s, which is not attached with it", holder)
		}
		return err
	})
}
