package firewalld

import (
	"context"
	"errors"
	"strings"

	"vethbridge/internal/failure"
)

// ErrNotRunning says that there is no firewalld on this host, or that it is stopped.
var ErrNotRunning = errors.New("firewalld is not running")

// The interface of zones (firewalld.dbus(5)).
const (
	service = "org.fedoraproject.FirewallD1"
	path    = "/org/fedoraproject/FirewallD1"
	zones   = "org.fedoraproject.FirewallD1.zone"
)

// ZoneOf returns the zone that a link is in, empty if it is in none but the default one.
func ZoneOf(ctx context.Context, link string) (string, error) {
	zone, err := call(ctx, message{path: path, iface: zones, member: "getZoneOfInterface", destination: service, arguments: []string{link}})
	if err != nil {
		return "", failure.To("find zone of link "+link, err)
	}
	return zone, nil
}

// Assign moves a link into a zone, out of whatever other one it is in, until firewalld is reloaded.
func Assign(ctx context.Context, link, zone string) error {
	_, err := call(ctx, message{path: path, iface: zones, member: "changeZoneOfInterface", destination: service, arguments: []string{zone, link}})
	if err != nil {
		return failure.To("put link "+link+" into zone "+zone+" of firewalld", err)
	}
	return nil
}

// Withdraw takes a link out of a zone. One that is not in it is no error.
func Withdraw(ctx context.Context, link, zone string) error {
	_, err := call(ctx, message{path: path, iface: zones, member: "removeInterface", destination: service, arguments: []string{zone, link}})
	var refused *RefusedError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Message, "UNKNOWN_INTERFACE") {
		return nil
	}
	if err != nil {
		return failure.To("take link "+link+" out of zone "+zone+" of firewalld", err)
	}
	return nil
}
