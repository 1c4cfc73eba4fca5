package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vethbridge/internal/attachment"
	"vethbridge/internal/failure"
	"vethbridge/internal/flannel"
	"vethbridge/internal/netns"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// importLeases takes over the leases of the reference host-local, so that a node switches
// with its containers running: nobody gets their addresses, and our DEL gives them back.
func importLeases(ctx context.Context, s *session) error {
	for _, file := range s.configs() {
		network, config, err := readNetwork(file)
		if err != nil && s.config == "" {
			continue // of another plugin
		}
		if err == nil {
			err = s.importNetwork(ctx, network, config)
		}
		if err != nil && (s.config != "" || !errors.Is(err, fs.ErrNotExist)) { // not every network was host-local's
			return err
		}
	}
	return nil
}

func (s *session) importNetwork(ctx context.Context, network string, config ipam.Config) error {
	requests, err := ipam.ReadHostLocal(s.dataDir, network)
	if err != nil {
		return err
	}
	for _, r := range requests {
		r.Sets, r.AllowOverlap = config.Sets, config.AllowOverlap
		if err := s.importLease(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) importLease(ctx context.Context, r ipam.Request) error {
	path := cachedNetns(r.Owner)
	identity, err := netns.Identify(path)
	var gone *netns.NotExistError
	switch {
	case path != "" && errors.As(err, &gone):
		s.say("left out %s: its network namespace %s is gone", r.Owner, path)
		return nil
	case s.dryRun:
		s.say("would import %s with %v", r.Owner, r.Wanted)
		return nil
	}
	var known bool
	err = s.host.Store.Update(ctx, func(tx *state.Tx) (err error) {
		if _, known, err = tx.Attachment(r.Owner); err != nil || known {
			return err
		}
		if _, err := ipam.Allocate(tx, r); err != nil {
			return err
		}
		return tx.PutAttachment(state.Attachment{Owner: r.Owner, BootID: tx.BootID(), Netns: identity, Created: state.Now()})
	})
	if err != nil {
		return failure.To("import "+r.Owner.String(), err)
	}
	if known {
		s.say("left out %s: it is attached already", r.Owner)
		return nil
	}
	s.say("imported %s with %v", r.Owner, r.Wanted)
	return nil
}

// readNetwork finds the plugin's ipam in a network config or config list.
func readNetwork(path string) (network string, config ipam.Config, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", config, failure.To("read network config (--config)", err)
	}
	type plugin struct {
		Type       string          `json:"type"`
		IPAM       json.RawMessage `json:"ipam"`
		SubnetFile string          `json:"subnetFile"`
	}
	var raw struct {
		plugin
		Name    string   `json:"name"`
		Plugins []plugin `json:"plugins"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return "", config, failure.To("decode "+path, err)
	}
	for _, p := range append(raw.Plugins, raw.plugin) {
		if p.Type == "vethbridge" {
			var other struct{ Type string }
			if json.Unmarshal(p.IPAM, &other) == nil && other.Type != "" {
				return raw.Name, config, fmt.Errorf("the addresses of network %s are those of the IPAM plugin %s", raw.Name, other.Type)
			}
			config, err = readRanges(p.IPAM, p.SubnetFile)
			return raw.Name, config, err
		}
	}
	return "", config, fmt.Errorf("decode %s: no plugin of type vethbridge in it", path)
}

// readRanges takes the ranges from ipam, or from flannel's subnet file.
func readRanges(raw json.RawMessage, subnetFile string) (ipam.Config, error) {
	if subnetFile == "" {
		return ipam.DecodeConfig(raw, nil)
	}
	s, err := flannel.Read(subnetFile)
	if err != nil {
		return ipam.Config{}, failure.To("read subnetFile", err)
	}
	return ipam.DecodeConfig(raw, s.Ranges())
}

// resultCache is where libcni keeps the results of ADDs, with the namespace they were for.
const resultCache = "/var/lib/cni/results"

// cachedNetns is the namespace that a runtime based on libcni attached; empty if unknown.
func cachedNetns(o attachment.Owner) string {
	text, err := os.ReadFile(filepath.Join(resultCache, o.Network+"-"+o.ContainerID+"-"+o.IfName))
	var cached struct {
		Netns string `json:"netns"`
	}
	if err != nil || json.Unmarshal(text, &cached) != nil {
		return ""
	}
	return cached.Netns
}
