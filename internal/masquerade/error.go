package masquerade

import (
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/pkg/nat"
)

// Error says what an error about the networks of pkg/nat means in CNI. Others stay as they are.
func Error(err error) error {
	var taken *nat.NetworkTakenError
	if errors.As(err, &taken) {
		return &cni.Error{Code: cni.CodeConfig, Message: err.Error(), Cause: err,
			Details: "overlapping networks leave with one address: give both the same \"snatTo\""}
	}
	return err
}
