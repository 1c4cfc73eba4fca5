package main

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/unix"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/masquerade"
	"vethbridge/pkg/ipam"
)

// bridgeMACError says that a requested MAC address is the bridge's own.
type bridgeMACError struct {
	bridge string
	mac    net.HardwareAddr
}

func (e *bridgeMACError) Error() string {
	return fmt.Sprintf("claim MAC address: %s is that of bridge %s", e.mac, e.bridge)
}

// macError says what an error about a MAC address means in CNI.
func macError(err error) error {
	var taken *host.MACTakenError
	var own *bridgeMACError
	if errors.As(err, &taken) || errors.As(err, &own) {
		return &cni.Error{Code: cni.CodeAddressTaken, Message: err.Error(), Cause: err,
			Details: "ask for another MAC address, or for none: it follows from the IP address then"}
	}
	return err
}

// cniError says what an error of the libraries means in CNI, and the way out.
func cniError(err error) error {
	var known *cni.Error
	var attached *attachedError
	var inUse *host.GatewayInUseError
	var zone *host.ZoneTakenError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &attached):
		return &cni.Error{Code: cni.CodeAttached, Message: err.Error(), Cause: err,
			Details: "the attachment is complete and was left as it is; DEL it first"}
	case errors.As(err, &inUse):
		return &cni.Error{Code: cni.CodeForeignObject, Message: err.Error(), Cause: err,
			Details: "remove the containers of the former subnet, and the bridge gets the new gateway; or give the new subnet " +
				"a network name of its own; or set \"forceAddress\": true, which cuts them off"}
	case errors.As(err, &zone):
		return &cni.Error{Code: cni.CodeConfig, Message: err.Error(), Cause: err,
			Details: "networks that share a bridge give it the same \"firewalldZone\"; a bridge of its own can be in another"}
	}
	return ipamError(macError(linkError(uplinkError(vlanError(masquerade.Error(err))))))
}

// linkError says what an error of internal/links means in CNI.
func linkError(err error) error {
	var kind *links.NotABridgeError
	var overlap *links.OverlapError
	var taken *links.NameTakenError
	var full *links.BridgeFullError
	var mtu *links.MTUError
	var off *links.IPv6OffError
	switch {
	case errors.As(err, &off):
		return &cni.Error{Code: cni.CodeUnsupported, Message: err.Error(), Cause: err,
			Details: "leave the IPv6 range out of ipam, or turn IPv6 on: sysctl net.ipv6.conf.all.disable_ipv6 and " +
				"net.ipv6.conf.default.disable_ipv6 must be 0, and the kernel not started with ipv6.disable=1"}
	case errors.As(err, &overlap):
		return &cni.Error{Code: cni.CodeOverlap, Message: err.Error(), Cause: err,
			Details: "choose another subnet, or set \"allowOverlap\": true in ipam"}
	case errors.As(err, &kind):
		return &cni.Error{Code: cni.CodeForeignObject, Message: err.Error(), Cause: err,
			Details: "choose another name with the key \"bridge\""}
	case errors.As(err, &taken):
		return &cni.Error{Code: cni.CodeForeignObject, Message: err.Error(), Cause: err,
			Details: "it was made for another network or by another program, and was left as it is; remove it, or ask for another CNI_IFNAME"}
	case errors.As(err, &full):
		return &cni.Error{Code: cni.CodeTryAgain, Message: err.Error(), Cause: err,
			Details: "remove containers, or give a second network a bridge of its own"}
	case errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EHOSTUNREACH):
		return &cni.Error{Code: cni.CodeConfig, Message: err.Error(), Cause: err,
			Details: "the gateway of a route (\"gw\") must be in a subnet of the container"}
	case errors.As(err, &mtu):
		return &cni.Error{Code: cni.CodeConfig, Message: err.Error(), Cause: err,
			Details: "lower the key \"mtu\"; or raise the bridge's MTU; or remove its containers, and a bridge that was made here follows"}
	}
	return err
}

// ipamError says what an error of pkg/ipam means in CNI.
func ipamError(err error) error {
	var config *ipam.ConfigError
	var exhausted *ipam.ExhaustedError
	var taken *ipam.TakenError
	var refused *ipam.NotAllowedError
	var overlap *ipam.OverlapError
	switch {
	case errors.As(err, &config):
		return &cni.Error{Code: cni.CodeConfig, Message: "validate config: " + config.Error(), Cause: err}
	case errors.As(err, &exhausted):
		return &cni.Error{Code: cni.CodeTryAgain, Message: err.Error(), Cause: err,
			Details: "every address belongs to a living attachment; enlarge the range or remove containers"}
	case errors.As(err, &taken):
		return &cni.Error{Code: cni.CodeAddressTaken, Message: err.Error(), Cause: err,
			Details: fmt.Sprintf("remove container %s first, or ask for another address", taken.Holder.ContainerID)}
	case errors.As(err, &refused):
		return &cni.Error{Code: cni.CodeConfig, Message: err.Error(), Cause: err}
	case errors.As(err, &overlap):
		return &cni.Error{Code: cni.CodeOverlap, Message: err.Error(), Cause: err,
			Details: "choose another subnet, or set \"allowOverlap\": true in ipam"}
	}
	return err
}
