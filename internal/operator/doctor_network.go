package operator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vethbridge/internal/fence"
	"vethbridge/internal/host"
	"vethbridge/internal/links"
	"vethbridge/internal/shared"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
	"vethbridge/pkg/nat"
)

// netDir is where runtimes look for network configs.
const netDir = "/etc/cni/net.d"

func stateFile(ctx context.Context, s *session) ([]finding, error) {
	if err := s.host.Store.Check(ctx, ipam.Check, nat.CheckBook, fence.Check, shared.Check, host.CheckMACs); err != nil {
		return []finding{{problem, err.Error(), nil, "keep a copy of the state file for a report, remove it, and it is rebuilt from the kernel by the next call", "the-state-file-contradicts-itself"}}, nil
	}
	return nil, nil
}

func kernelAsBook(ctx context.Context, s *session) ([]finding, error) {
	if err := errors.Join(s.host.NAT.CheckAll(ctx), s.host.Fence.VerifyAll(ctx)); err != nil {
		return []finding{{problem, "rules were removed or changed behind our back: " + err.Error(), []string{s.own("repair")}, "", "rules-were-removed"}}, nil
	}
	return nil, nil
}

func dead(ctx context.Context, s *session) (list []finding, err error) {
	records, err := s.host.Attachments(ctx, "")
	for _, a := range records {
		switch life, err := s.host.Liveness(ctx, a); {
		case life == host.Dead:
			list = append(list, finding{warning, a.Owner.String() + " is dead; nobody called DEL for it", []string{s.own("gc")}, "or wait: what it holds is released when needed", "an-attachment-is-dead"})
		case err != nil:
			list = append(list, finding{warning, fmt.Sprintf("cannot tell whether %s is alive: %v", a.Owner, err), nil, "remove the container by its runtime", "an-attachment-is-dead"})
		}
	}
	return list, err
}

// bridges looks at those that attachments are on.
func bridges(ctx context.Context, s *session) (list []finding, err error) {
	names, err := s.bridgeNames(ctx)
	if err != nil {
		return nil, err
	}
	outside, err := s.host.Links.DefaultRouteMTU()
	for _, name := range names {
		list = append(list, s.bridge(name, outside)...)
	}
	return list, err
}

// bridgeNames are those that attachments are on.
func (s *session) bridgeNames(ctx context.Context) ([]string, error) {
	records, err := s.host.Attachments(ctx, "")
	var names []string
	for _, a := range records {
		names = append(names, a.Bridge)
	}
	return distinct(names), err
}

func (s *session) bridge(name string, outside int) (list []finding) {
	bridge, err := s.host.Links.Uplink(name)
	if err != nil {
		return []finding{{problem, err.Error(), nil, "DEL and ADD its containers", "a-bridge-is-gone"}}
	}
	if !bridge.Up {
		list = append(list, finding{problem, "bridge " + name + " is down", []string{"ip link set " + name + " up"}, "", "a-bridge-is-down"})
	}
	if outside != 0 && bridge.MTU > outside {
		list = append(list, finding{warning, fmt.Sprintf("bridge %s has MTU %d, the way out has %d: large packets are lost where path MTU discovery is blocked", name, bridge.MTU, outside),
			[]string{fmt.Sprintf("ip link set %s mtu %d", name, outside)}, fmt.Sprintf("say \"mtu\": %d, and make the containers again", outside), "a-bridge-has-a-larger-mtu-than-the-way-out"})
	}
	if ports, err := s.host.Links.CountPorts(name); err == nil && ports*10 > links.MaxPorts*9 {
		list = append(list, finding{warning, fmt.Sprintf("bridge %s has %d of %d ports", name, ports, links.MaxPorts), nil, "give a second network a bridge of its own", "a-bridge-is-nearly-full"})
	}
	return list
}

// pools looks at the range sets of the networks that runtimes have configs of.
func pools(ctx context.Context, s *session) (list []finding, err error) {
	for _, file := range s.configs() {
		network, config, err := readNetwork(file)
		if err != nil || len(config.Sets) == 0 {
			continue // of another plugin
		}
		var usages []ipam.Usage
		err = s.host.Store.View(ctx, func(tx *state.Tx) error {
			usages, err = ipam.Usages(tx, network, config.Sets)
			return err
		})
		if err != nil {
			return list, err
		}
		for i, u := range usages {
			if u.Used*10 >= u.Size*9 {
				list = append(list, finding{warning, fmt.Sprintf("range set %d of network %s has %d of %d addresses left", i, network, u.Free(), u.Size),
					nil, "enlarge the range in " + file + ", or remove containers", "a-range-set-is-nearly-full"})
			}
		}
	}
	return list, nil
}

// leftovers are leases of the reference host-local for networks that are ours now.
func leftovers(_ context.Context, s *session) (list []finding, err error) {
	for _, file := range s.configs() {
		network, config, err := readNetwork(file)
		if err != nil || len(config.Sets) == 0 {
			continue
		}
		requests, err := ipam.ReadHostLocal(s.dataDir, network)
		if err != nil || len(requests) == 0 {
			continue
		}
		list = append(list, finding{warning, fmt.Sprintf("host-local has %d leases of network %s, which we don't know of", len(requests), network),
			[]string{s.own("import", "--config", file, "--data-dir", s.dataDir)}, "", "host-local-has-leases-of-our-network"})
	}
	return list, nil
}

func (s *session) configs() []string {
	if s.config != "" {
		return []string{s.config}
	}
	files, _ := filepath.Glob(filepath.Join(netDir, "*"))
	return slices.DeleteFunc(files, func(file string) bool {
		return !slices.Contains([]string{".conflist", ".conf", ".json"}, filepath.Ext(file)) // as libcni looks for them
	})
}

// configFiles are judged as validate does, those of ours; a VLAN is something that a kernel can lack.
func configFiles(ctx context.Context, s *session) (list []finding, err error) {
	for _, file := range s.configs() {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "vethbridge") && !strings.Contains(string(text), "natport") {
			continue
		}
		remarks, err := s.remarks(ctx, file)
		if err != nil {
			return list, err
		}
		for _, r := range remarks {
			list = append(list, finding{r.Severity, fmt.Sprintf("%s, line %d, column %d: %s", r.File, r.Line, r.Column, r.Message),
				nil, "correct it, and see what \"vethbridge validate " + file + "\" says", "a-config-has-an-unknown-key-or-a-wrong-value"})
		}
	}
	return list, nil
}
