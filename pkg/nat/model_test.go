package nat_test

import (
	"errors"
	"log/slog"
	"slices"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

const owners = 4

// wants are what the owners of the model ask for by turns: they clash, share networks, and
// lie in each other's.
func wants() []nat.Translations {
	return []nat.Translations{
		{},
		{Mappings: mappings("tcp 0.0.0.0:80 10.1.0.2:80"), Networks: networks("masquerade 10.0.0.0/8")},
		{Mappings: mappings("tcp 192.0.2.1:80 10.1.0.3:80"), Networks: networks("hairpin 10.1.0.0/16", "masquerade 10.1.0.0/16")},
		{Mappings: mappings("tcp 192.0.2.2:80 10.1.0.4:80", "tcp [::]:80 [fd01::4]:80"), Networks: networks("hairpin 10.1.0.0/24", "hairpin fd01::/64")},
		{
			Mappings: mappings("udp 0.0.0.0:80 10.1.0.5:80", "tcp 0.0.0.0:81 10.1.0.5:81"),
			Networks: networks("direct 10.1.0.0/16 to 192.168.0.0/16"),
		},
		{Mappings: ranges("udp 0.0.0.0:10 10.1.0.5:10", 600), Networks: networks("direct 10.1.0.0/24 to 10.0.0.0/9")},
		{Networks: networks("direct 10.1.0.0/24 to 10.0.0.0/8", "direct fd01::/64 to fd00::/8", "masquerade 10.1.0.0/24", "masquerade fd01::/48")},
		{Networks: networks("direct 10.1.0.0/16 to 10.64.0.0/16", "masquerade-random 10.1.0.0/16", "masquerade fd01::/64")},
	}
}

// model is what kernel and book must agree with, by the plainest means.
type model struct {
	keeper nat.Keeper
	fake   *nattest.Fake
	held   map[key]nat.Translations
	// halfDone are those whose claim has not come to the kernel; the zero key stands for a
	// kernel that has lost all.
	halfDone map[key]bool
}

type key struct {
	owner attachment.Owner
	part  nat.Part
}

func newModel(t *testing.T) *model {
	fake := &nattest.Fake{}
	m := &model{fake: fake, held: map[key]nat.Translations{}, halfDone: map[key]bool{}}
	m.keeper = nat.Keeper{Store: statetest.Open(t, nat.CheckBook), Backends: nattest.Only(fake), Log: slog.New(slog.DiscardHandler)}
	err := m.keeper.Store.Update(t.Context(), func(tx *state.Tx) error {
		for n := range owners {
			if err := tx.PutAttachment(state.Attachment{Owner: nattest.Owner(n), BootID: tx.BootID()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// replace lets an owner ask for something else, and expects a refusal where it clashes.
func (m *model) replace(t *testing.T, k key, want nat.Translations) {
	t.Helper()
	if m.took(t, k, want, m.keeper.Replace(t.Context(), k.owner, k.part, nat.Nftables, want)) {
		delete(m.halfDone, k)
	}
}

// claim is a Replace that is killed between the book and the kernel.
func (m *model) claim(t *testing.T, k key, want nat.Translations) {
	t.Helper()
	err := m.keeper.Store.Update(t.Context(), func(tx *state.Tx) error {
		return nat.Claim(tx, k.owner, k.part, nat.Nftables, want)
	})
	if m.took(t, k, want, err) {
		m.halfDone[k] = true
	}
}

// flush is someone else deleting our table.
func (m *model) flush(t *testing.T) {
	if err := m.fake.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.halfDone[key{}] = true
}

func (m *model) repair(t *testing.T) {
	if _, err := m.keeper.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	clear(m.halfDone)
}

// took checks the answer to a claim, and reports whether it was accepted.
func (m *model) took(t *testing.T, k key, want nat.Translations, err error) bool {
	t.Helper()
	holder, clash := m.clash(k, want)
	var taken *nat.PortTakenError
	switch {
	case clash && !errors.As(err, &taken):
		t.Fatalf("replace of %s: %v, want a refusal that names %s", k.owner, err, holder)
	case clash:
		return false
	case err != nil:
		t.Fatalf("replace of %s: %v", k.owner, err)
	case want.Empty():
		delete(m.held, k)
	default:
		m.held[k] = want
	}
	return true
}

func (m *model) clash(k key, want nat.Translations) (attachment.Owner, bool) {
	for other, held := range m.held {
		if other == k {
			continue
		}
		for _, a := range held.Mappings {
			for _, b := range want.Mappings {
				sameHost := a.Host == b.Host || a.Host.Is4() == b.Host.Is4() && (a.Host.IsUnspecified() || b.Host.IsUnspecified())
				if a.Protocol == b.Protocol && a.HostPort <= b.Last() && b.HostPort <= a.Last() && sameHost {
					return other.owner, true
				}
			}
		}
	}
	return attachment.Owner{}, false
}

// expected is the dump of what the kernel shall hold.
func (m *model) expected() string {
	var r nat.Ruleset
	for k, held := range m.held {
		for _, mapping := range held.Mappings {
			r.Entries = append(r.Entries, nat.Entry{Mark: k.owner.Mark(), Mapping: mapping})
		}
		for _, n := range held.Networks {
			r.Networks = append(r.Networks, n, nat.Network{Prefix: n.Prefix, Treatment: nat.Inside})
		}
	}
	if len(m.held) == 0 {
		r.Missing = []string{"table"}
	}
	nat.SortEntries(r.Entries)
	r.Networks = outermost(widened(r.Networks))
	return nattest.Dump(r)
}

// widened has each network that some destinations are reached from without masquerade be the
// outermost of those that it lies in.
func widened(list []nat.Network) []nat.Network {
	list = slices.Clone(list)
	for i, n := range list {
		for _, o := range list {
			if n.Treatment == nat.Direct && o.Treatment == nat.Direct && o.Prefix.Overlaps(n.Prefix) && o.Prefix.Bits() < list[i].Prefix.Bits() {
				list[i].Prefix = o.Prefix
			}
		}
	}
	return list
}

// outermost drops the networks that lie in others of the same treatment.
func outermost(list []nat.Network) []nat.Network {
	var out []nat.Network
	for _, n := range list {
		inner := slices.ContainsFunc(list, func(o nat.Network) bool {
			if n.Treatment == nat.Direct {
				return o.Treatment == nat.Direct && o.Prefix == n.Prefix && o.Dst.Overlaps(n.Dst) && o.Dst.Bits() < n.Dst.Bits()
			}
			return o.Treatment == n.Treatment && o.Prefix.Overlaps(n.Prefix) && o.Prefix.Bits() < n.Prefix.Bits()
		})
		if !inner && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	nat.SortNetworks(out)
	return out
}

func (m *model) compare(t *testing.T, after string) {
	t.Helper()
	r, err := m.fake.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := nattest.Dump(r), m.expected(); got != want {
		t.Fatalf("after %s the kernel holds\n%swant\n%s", after, got, want)
	}
}
