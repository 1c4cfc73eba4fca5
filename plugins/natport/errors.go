package main

import (
	"errors"
	"fmt"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/masquerade"
	"vethbridge/pkg/nat"
)

var errNoPrevious = &cni.Error{Code: cni.CodeConfig, Message: "validate config: prevResult is missing",
	Details: "natport is a chained plugin: put it behind the plugin that makes the interface"}

var errNoAddress = &cni.Error{Code: cni.CodeConfig, Message: "validate prevResult: it has no address of an interface in CNI_NETNS",
	Details: "ports can't lead to a container without one: put natport behind the plugin that gives it, and \"ipam\" into the config of that one"}

// natError says what an error of the libraries means in CNI, and the way out.
func natError(err error) error {
	var known *cni.Error
	var taken *nat.PortTakenError
	var listener *listenerError
	var none *nat.NoFreePortError
	var invalid *nat.MappingError
	var foreign *host.ForeignAddressError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &taken):
		return &cni.Error{Code: cni.CodePortTaken, Message: err.Error(), Cause: err,
			Details: fmt.Sprintf("choose another host port, or remove container %s first", taken.Holder.ContainerID)}
	case errors.As(err, &listener):
		return &cni.Error{Code: cni.CodePortTaken, Message: err.Error(), Cause: err,
			Details: "stop that process, choose another host port, or set \"hostPortConflict\": \"warn\""}
	case errors.As(err, &none):
		return &cni.Error{Code: cni.CodeTryAgain, Message: err.Error(), Cause: err,
			Details: "widen \"hostPortRange\", or remove containers"}
	case errors.As(err, &foreign):
		return &cni.Error{Code: cni.CodeConfig, Message: "validate prevResult: " + err.Error(), Cause: err,
			Details: "natport must get the result of the ADD that gave the container its addresses"}
	case errors.As(err, &invalid):
		return &cni.Error{Code: cni.CodeConfig, Message: "validate config: " + invalid.Error(), Cause: err}
	}
	return masquerade.Error(err)
}
