package main

import (
	"context"
	"errors"

	"vethbridge/internal/cni"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/steps"
)

func (raw *rawConfig) validateUplink() error {
	switch {
	case raw.Uplink == "" && raw.UplinkMove:
		return cni.InvalidConfig("uplinkMoveAddresses", true, "needs the key \"uplink\"")
	case raw.Uplink == "":
		return nil
	case !cni.ValidLinkName(raw.Uplink):
		return cni.InvalidConfig("uplink", raw.Uplink, cni.LinkNameRule)
	case raw.Uplink == raw.Bridge:
		return cni.InvalidConfig("uplink", raw.Uplink, "is the name of the bridge itself")
	}
	return nil
}

// uplinkSteps has no step where there is no uplink.
func (a *adding) uplinkSteps() []steps.Step {
	if a.cfg.Uplink == "" {
		return nil
	}
	u := host.Uplink{Name: a.cfg.Uplink, Bridge: a.cfg.Bridge, Move: a.cfg.MoveAddresses, MTU: a.cfg.MTU}
	return []steps.Step{{
		Name: "attach uplink",
		Do: func(ctx context.Context) (err error) {
			a.bridge, err = a.host.UseUplink(ctx, u, a.req.Owner)
			return err
		},
		Undo: func(ctx context.Context) error { return a.host.UndoUplink(ctx, u, a.req.Owner) },
	}}
}

func checkUplink(ctx context.Context, h *host.Host, cfg *Config) error {
	if cfg.Uplink == "" {
		return nil
	}
	return h.Links.CheckUplink(ctx, cfg.Uplink, cfg.Bridge)
}

// uplinkError says what stands in the way of an uplink, and the way out.
func uplinkError(err error) error {
	var addressed *links.UplinkAddressedError
	var taken *links.UplinkTakenError
	var missing *links.UplinkMissingError
	var mtu *links.UplinkMTUError
	var multipath *links.MultipathError
	e := &cni.Error{Code: cni.CodeForeignObject, Cause: err}
	switch {
	case errors.As(err, &addressed):
		e.Details = "as a port of a bridge it would not be reached by them any more: set \"uplinkMoveAddresses\": true, " +
			"and the bridge carries them until the last container is gone, or move them by hand"
	case errors.As(err, &taken):
		e.Details = "name that bridge with the key \"bridge\", or take the link out of it"
	case errors.As(err, &multipath):
		e.Details = "configure the bridge in the host's own network set-up, with the link as its port, and leave \"uplink\" out"
	case errors.As(err, &mtu):
		e.Code, e.Details = cni.CodeConfig, "lower the key \"mtu\", or raise the uplink's MTU"
	case errors.As(err, &missing):
		e.Code, e.Details = cni.CodeConfig, "name an existing link with the key \"uplink\""
	default:
		return err
	}
	e.Message = err.Error()
	return e
}
