package cni

import (
	"encoding/json"
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/plainjson"
)

// validAttachments reads the list that GC keeps. Spec 1.1 says cni.dev/valid-attachments;
// some runtimes send cni.dev/attachments too, or only. A list that is null is empty (that
// is how CRI-O says that nothing runs); one that is absent is an error, because taking it
// for an empty one would cut off every container.
func validAttachments(network string, config []byte) ([]attachment.Owner, error) {
	var keys map[string]json.RawMessage
	if err := plainjson.Unmarshal(config, &keys); err != nil {
		return nil, DecodeError("", err)
	}
	found := false
	var owners []attachment.Owner
	for _, key := range []string{"cni.dev/valid-attachments", "cni.dev/attachments"} {
		raw, ok := keys[key]
		if !ok {
			continue
		}
		found = true
		list, err := decodeAttachments(network, raw)
		if err != nil {
			return nil, err
		}
		owners = append(owners, list...)
	}
	if !found {
		return nil, &Error{Code: CodeConfig, Message: "collect garbage: the config has no cni.dev/valid-attachments",
			Details: "nothing was touched; an empty list says that no attachment is valid"}
	}
	return owners, nil
}

func decodeAttachments(network string, raw json.RawMessage) ([]attachment.Owner, error) {
	var list []struct {
		ContainerID string `json:"containerID"`
		IfName      string `json:"ifname"`
	}
	if err := plainjson.Unmarshal(raw, &list); err != nil {
		return nil, DecodeError("", err)
	}
	owners := make([]attachment.Owner, 0, len(list))
	for i, a := range list {
		if a.ContainerID == "" || a.IfName == "" {
			return nil, &Error{Code: CodeConfig, Message: fmt.Sprintf("collect garbage: entry %d of the valid attachments lacks containerID or ifname", i),
				Details: "nothing was touched: taken as it is, it would release an attachment that is valid"}
		}
		owners = append(owners, attachment.Owner{Network: network, ContainerID: a.ContainerID, IfName: a.IfName})
	}
	return owners, nil
}
