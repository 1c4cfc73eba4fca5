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

func stateFile(ctx context.Context, s *session) error {
	if err := s.host.Store.Check(ctx, ipam.Check, nat.CheckBook, fence.Check, shared.Check, host.CheckMACs); err != nil {
		s.problem("the-state-file-contradicts-itself", err.Error(), "keep a copy of the state file for a report, remove it, and it is rebuilt from the kernel by the next call")
	}
	if s.host.Store.Full() {
		s.problem("the-state-directory-cannot-be-used", "no room is left on the file system of "+s.stateDir, "make room there (df -h): containers end as ever, but new ones are refused")
	}
	return nil
}

func kernelAsBook(ctx context.Context, s *session) error {
	differences := messages(errors.Join(s.translations(ctx), s.host.Fence.VerifyAll(ctx)))
	if len(differences) == 0 {
		return nil
	}
	what := "rules were removed or changed behind our back: " + differences[0]
	if more := len(differences) - 1; more > 0 {
		what += fmt.Sprintf(", and %d more (%s)", more, s.own("check"))
	}
	s.problem("rules-were-removed", what, "", s.own("repair"))
	return nil
}

const isDead topic = "an-attachment-is-dead"

func dead(ctx context.Context, s *session) error {
	records, err := s.host.Attachments(ctx, "")
	for _, a := range records {
		switch life, err := s.host.Liveness(a); {
		case life == host.Dead:
			s.warning(isDead, a.Owner.String()+" is dead; nobody called DEL for it", "or wait: what it holds is released when needed", s.own("gc"))
		case err != nil:
			s.warning(isDead, fmt.Sprintf("cannot tell whether %s is alive: %v", a.Owner, err), "remove the container by its runtime")
		}
	}
	return err
}

// bridges looks at those that attachments are on.
func bridges(ctx context.Context, s *session) error {
	list, err := s.host.RecordedBridges(ctx)
	if err != nil {
		return err
	}
	outside, err := s.host.Links.DefaultRouteMTU()
	for i := range list {
		b := list[i]
		b.Gateways = nil // lostGateways names them
		if i == 0 || list[i-1].Name != b.Name {
			s.bridge(ctx, &b, outside)
		}
	}
	return err
}

// uplinks are those by which bridges reach the LAN.
func uplinks(ctx context.Context, s *session) error {
	records, err := s.living(ctx)
	seen := map[string]bool{}
	for _, a := range records {
		if a.Uplink == "" || seen[a.Uplink] {
			continue
		}
		seen[a.Uplink] = true
		if differs := s.host.Links.CheckUplink(ctx, a.Uplink, a.Bridge); differs != nil {
			s.problem("a-bridge-has-lost-its-uplink", words(differs), "", "ip link set "+a.Uplink+" master "+a.Bridge+" up")
		}
	}
	return err
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

func (s *session) bridge(ctx context.Context, b *links.Bridge, outside int) {
	name := b.Name
	bridge, err := s.host.Links.Uplink(name)
	if err != nil {
		s.problem("a-bridge-is-gone", "there is no bridge "+name+", and containers were on it", "make its containers again")
		return
	}
	if differs := s.host.Links.CheckBridge(ctx, *b); differs != nil {
		s.problem("a-bridge-is-not-as-it-was-made", words(differs), "", s.own("repair"))
	}
	if outside != 0 && bridge.MTU > outside {
		s.warning("a-bridge-has-a-larger-mtu-than-the-way-out", fmt.Sprintf("bridge %s has MTU %d, the way out has %d: large packets are lost where path MTU discovery is blocked", name, bridge.MTU, outside),
			fmt.Sprintf("say \"mtu\": %d, and make the containers again", outside), fmt.Sprintf("ip link set %s mtu %d", name, outside))
	}
	if ports, err := s.host.Links.CountPorts(name); err == nil && ports*10 > links.MaxPorts*9 {
		s.warning("a-bridge-is-nearly-full", fmt.Sprintf("bridge %s has %d of %d ports", name, ports, links.MaxPorts), "give a second network a bridge of its own")
	}
}

// pools looks at the range sets of the networks that runtimes have configs of.
func pools(ctx context.Context, s *session) error {
	for _, file := range s.configs() {
		network, config, err := readNetwork(file)
		if err != nil || len(config.Sets) == 0 {
			continue // of another plugin
		}
		var usages []ipam.Usage
		err = s.host.Store.View(ctx, func(tx *state.Tx) (err error) {
			usages, err = ipam.Usages(tx, network, config.Sets)
			return err
		})
		if err != nil {
			return err
		}
		for i, u := range usages {
			if u.Used*10 >= u.Size*9 {
				s.warning("a-range-set-is-nearly-full", fmt.Sprintf("range set %d of network %s has %d of %d addresses left", i, network, u.Free(), u.Size),
					"enlarge the range in "+file+", or remove containers")
			}
		}
	}
	return nil
}

// leftovers are leases of the reference host-local for networks that are ours now.
func leftovers(_ context.Context, s *session) error {
	for _, file := range s.configs() {
		network, config, err := readNetwork(file)
		if err != nil || len(config.Sets) == 0 {
			continue
		}
		requests, err := ipam.ReadHostLocal(s.dataDir, network)
		if err != nil || len(requests) == 0 {
			continue
		}
		s.warning("host-local-has-leases-of-our-network", fmt.Sprintf("host-local has %d leases of network %s, which we don't know of", len(requests), network),
			"", s.own("import", "--config", file, "--data-dir", s.dataDir))
	}
	return nil
}

func (s *session) configs() (files []string) {
	if s.config != "" {
		return []string{s.config}
	}
	dir, err := os.Open(netDir)
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains([]string{".conflist", ".conf", ".json"}, filepath.Ext(name)) { // as libcni looks for them
			files = append(files, filepath.Join(netDir, name))
		}
	}
	return files
}

// configFiles are judged as validate does, those of ours; a VLAN is something that a kernel can lack.
func configFiles(ctx context.Context, s *session) error {
	for _, file := range s.configs() {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "vethbridge") && !strings.Contains(string(text), "natport") {
			continue
		}
		remarks, err := s.remarks(ctx, file)
		if err != nil {
			return err
		}
		for _, r := range remarks {
			s.found = append(s.found, finding{
				Severity: r.Severity, What: fmt.Sprintf("%s, line %d, column %d: %s", r.File, r.Line, r.Column, r.Message),
				WayOut: "correct it, and see what \"vethbridge validate " + file + "\" says", See: "a-config-has-an-unknown-key-or-a-wrong-value",
			})
		}
	}
	return nil
}
