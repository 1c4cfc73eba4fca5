package nattest

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/internal/state/statetest"
	"vethbridge/pkg/nat"
)

// Contract runs what every backend must do, through the keeper that all of them serve.
// Open returns an empty backend of the kind.
func Contract(t *testing.T, kind nat.Kind, open func(*testing.T) nat.Backend) {
	for name, promise := range map[string]func(*testing.T, *fixture){
		"ReplaceIsIdempotent":                      replaceIsIdempotent,
		"RemovalLeavesNothing":                     removalLeavesNothing,
		"OwnersDoNotTouchEachOther":                ownersDoNotTouchEachOther,
		"NetworkStaysWhileAnyoneNeedsIt":           networkStays,
		"WiderNetworkKeepsTheDestinationsOfOthers": widerNetwork,
		"LostTableIsRestoredByTheNextReplace":      lostTable,
		"RepairRestoresOnceAndThenChangesNothing":  repair,
		"PortOfAnotherOwnerIsRefused":              portTaken,
		"UnrecordedOwnerIsRemovedByItsMark":        unrecorded,
		"UnknownOwnersSurviveARestore":             strangersSurvive,
		"UnknownOwnersOutliveTheLastKnownOne":      strangersOutlive,
		"HalfDoneReplacementLeavesNothing":         halfDone,
		"ChangeIsMadeAsAWholeOrNotAtAll":           wholeOrNotAtAll,
		"CheckNamesWhatDiffers":                    checkNames,
		"FindSeesWhatListSees":                     findSees,
		"EveryMappingIsCounted":                    everyMappingCounted,
		"ThousandsOfLostPortsAreRemoved":           lostPorts,
		"TenThousandPortsAreOneReplace":            manyPorts,
	} {
		t.Run(name, func(t *testing.T) { promise(t, newFixture(t, kind, open(t))) })
	}
}

type fixture struct {
	kind   nat.Kind
	keeper nat.Keeper
	store  *state.Store
}

func newFixture(t *testing.T, kind nat.Kind, b nat.Backend) *fixture {
	store := statetest.Open(t, nat.CheckBook)
	backends := map[nat.Kind]nat.Backend{kind: b}
	return &fixture{kind: kind, keeper: nat.Keeper{Store: store, Backends: backends, Log: slog.New(slog.DiscardHandler)}, store: store}
}

// Only is one backend, in the place of the default one.
func Only(b nat.Backend) map[nat.Kind]nat.Backend { return map[nat.Kind]nat.Backend{nat.Nftables: b} }

func (f *fixture) backend() nat.Backend { return f.keeper.Backends[f.kind] }

func (f *fixture) attach(t *testing.T, o attachment.Owner) {
	t.Helper()
	err := f.store.Update(t.Context(), func(tx *state.Tx) error {
		return tx.PutAttachment(state.Attachment{Owner: o, BootID: tx.BootID()})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Check compares what a keeper holds for an owner with a plan, as the verb CHECK does.
func Check(ctx context.Context, k nat.Keeper, owner attachment.Owner, want nat.Translations) error {
	var expected *nat.Expected
	err := k.Store.View(ctx, func(tx *state.Tx) (err error) {
		expected, err = nat.Expect(tx, owner, nat.PartNatport, &want)
		return err
	})
	if err != nil {
		return err
	}
	return k.Verify(ctx, expected)
}

func (f *fixture) replace(t *testing.T, o attachment.Owner, want nat.Translations) {
	t.Helper()
	f.attach(t, o)
	if err := f.keeper.Replace(t.Context(), o, nat.PartNatport, f.kind, want); err != nil {
		t.Fatalf("replace of %s: %v", o, err)
	}
	if err := Check(t.Context(), f.keeper, o, want); err != nil {
		t.Fatalf("check of %s: %v", o, err)
	}
}

func (f *fixture) dump(t *testing.T) string {
	t.Helper()
	r, err := f.backend().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Dump(r)
}

func replaceIsIdempotent(t *testing.T, f *fixture) {
	for _, c := range Cases() {
		f.replace(t, Owner(1), c.Want)
		once := f.dump(t)
		f.replace(t, Owner(1), c.Want)
		if again := f.dump(t); again != once {
			t.Errorf("%s: once\n%sagain\n%s", c.Name, once, again)
		}
	}
	f.replace(t, Owner(1), nat.Translations{})
}

func removalLeavesNothing(t *testing.T, f *fixture) {
	before := f.dump(t)
	for i, c := range Cases() {
		f.replace(t, Owner(i), c.Want)
	}
	for i := range Cases() {
		f.replace(t, Owner(i), nat.Translations{})
		f.replace(t, Owner(i), nat.Translations{})
	}
	if after := f.dump(t); after != before {
		t.Errorf("left over:\n%s", after)
	}
}

func ownersDoNotTouchEachOther(t *testing.T, f *fixture) {
	cases := Cases()
	for i, c := range cases {
		f.replace(t, Owner(i), c.Want)
	}
	for i := range cases {
		f.replace(t, Owner(i), nat.Translations{})
		for j := i + 1; j < len(cases); j++ {
			if err := Check(t.Context(), f.keeper, Owner(j), cases[j].Want); err != nil {
				t.Errorf("after removal of %q, %q: %v", cases[i].Name, cases[j].Name, err)
			}
		}
	}
}

func networkStays(t *testing.T, f *fixture) {
	wide := nat.Translations{Networks: treated(nat.Masquerade, "10.0.0.0/8")}
	narrow := nat.Translations{Networks: treated(nat.Masquerade, "10.1.0.0/24")}
	f.replace(t, Owner(1), wide)
	f.replace(t, Owner(2), narrow)
	f.replace(t, Owner(3), narrow)
	f.replace(t, Owner(1), nat.Translations{})
	f.replace(t, Owner(2), nat.Translations{})
	const want = "inside 10.1.0.0/24\nmasquerade 10.1.0.0/24\n"
	if got := f.dump(t); got != want {
		t.Errorf("holds\n%swant\n%s", got, want)
	}
	f.replace(t, Owner(1), wide)
	f.replace(t, Owner(3), nat.Translations{})
	f.replace(t, Owner(1), nat.Translations{})
}

// widerNetwork: networks that lie in each other have the destinations of both.
func widerNetwork(t *testing.T, f *fixture) {
	narrow := nat.Translations{Networks: []nat.Network{direct("10.1.0.0/24", "10.0.0.0/8")}}
	wide := nat.Translations{Networks: []nat.Network{direct("10.1.0.0/16", "192.168.0.0/16")}}
	f.replace(t, Owner(1), narrow)
	before := f.dump(t)
	f.replace(t, Owner(2), wide)
	const want = "inside 10.1.0.0/16\ndirect 10.1.0.0/16 to 10.0.0.0/8\ndirect 10.1.0.0/16 to 192.168.0.0/16\n"
	if got := f.dump(t); got != want {
		t.Errorf("holds\n%swant\n%s", got, want)
	}
	f.replace(t, Owner(2), nat.Translations{})
	if got := f.dump(t); got != before {
		t.Errorf("holds\n%swant\n%s", got, before)
	}
	f.replace(t, Owner(1), nat.Translations{})
}

func lostTable(t *testing.T, f *fixture) {
	cases := Cases()
	f.replace(t, Owner(1), cases[1].Want)
	f.replace(t, Owner(2), cases[2].Want)
	whole := f.dump(t)
	if err := f.backend().Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), f.keeper, Owner(1), cases[1].Want); err == nil {
		t.Error("check passes without any table")
	}
	f.replace(t, Owner(3), cases[3].Want)
	f.replace(t, Owner(3), nat.Translations{})
	if got := f.dump(t); got != whole {
		t.Errorf("restored\n%swant\n%s", got, whole)
	}
	f.replace(t, Owner(1), nat.Translations{})
	f.replace(t, Owner(2), nat.Translations{})
}

func repair(t *testing.T, f *fixture) {
	f.replace(t, Owner(1), Cases()[1].Want)
	whole := f.dump(t)
	if err := f.backend().Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if changed, err := f.keeper.Repair(t.Context()); err != nil || changed != want {
			t.Errorf("repair: changed %v, %v; want %v", changed, err, want)
		}
	}
	if got := f.dump(t); got != whole {
		t.Errorf("restored\n%swant\n%s", got, whole)
	}
	f.replace(t, Owner(1), nat.Translations{})
}

func portTaken(t *testing.T, f *fixture) {
	any4 := nat.Translations{Mappings: []nat.Mapping{mapping(nat.TCP, "0.0.0.0", 8080, "10.1.0.2:80")}}
	one := nat.Translations{Mappings: []nat.Mapping{mapping(nat.TCP, "192.0.2.1", 8080, "10.1.0.3:80")}}
	for _, order := range [][2]nat.Translations{{any4, one}, {one, any4}, {one, one}} {
		f.replace(t, Owner(1), order[0])
		before := f.dump(t)
		f.attach(t, Owner(2))
		err := f.keeper.Replace(t.Context(), Owner(2), nat.PartNatport, f.kind, order[1])
		var taken *nat.PortTakenError
		if !errors.As(err, &taken) || taken.Holder != Owner(1) {
			t.Errorf("error %v, want one that names %s", err, Owner(1))
		}
		if after := f.dump(t); after != before {
			t.Errorf("a refused claim changed the kernel:\n%s", after)
		}
		f.replace(t, Owner(1), nat.Translations{})
	}
}

func manyPorts(t *testing.T, f *fixture) {
	var each nat.Translations
	for port := uint16(20_000); port < 30_000; port++ {
		each.Mappings = append(each.Mappings, mapping(nat.UDP, "0.0.0.0", port, "10.1.0.2:80"))
	}
	ranges := nat.Translations{Mappings: []nat.Mapping{
		ports(nat.TCP, "0.0.0.0", 20_000, 29_999, "10.1.0.2"), shifted(ports(nat.UDP, "0.0.0.0", 20_000, 29_999, "10.1.0.2"), 1000),
	}}
	for _, want := range []nat.Translations{each, ranges} {
		f.replace(t, Owner(1), want)
		f.replace(t, Owner(1), nat.Translations{})
	}
}

func lostPorts(t *testing.T, f *fixture) {
	f.replace(t, Owner(2), Cases()[1].Want)
	before := f.dump(t)
	f.replace(t, Owner(1), nat.Translations{Mappings: []nat.Mapping{shifted(ports(nat.UDP, "0.0.0.0", 20_000, 25_999, "10.1.0.2"), 1000)}})
	if err := f.backend().Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.replace(t, Owner(1), nat.Translations{})
	if got := f.dump(t); got != before {
		t.Errorf("holds\n%swant\n%s", got, before)
	}
	f.replace(t, Owner(2), nat.Translations{})
}
