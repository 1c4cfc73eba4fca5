package iptables

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/netns/netnstest"
	"vethbridge/pkg/nat"
	"vethbridge/pkg/nat/nattest"
)

func bothVariants(t *testing.T, promise func(*testing.T, Variant, *Backend)) {
	t.Helper()
	for _, v := range []Variant{NFT, Legacy} {
		t.Run(v.String(), func(t *testing.T) {
			netnstest.Inside(t)
			promise(t, v, New(v))
		})
	}
}

// iptables runs the program of a variant.
func iptables(t *testing.T, v Variant, args ...string) {
	t.Helper()
	if out, err := exec.Command("iptables-"+v.String(), args...).CombinedOutput(); err != nil {
		t.Fatalf("iptables %v: %v: %s", args, err, out)
	}
}

func ruleset(n int) nat.Ruleset {
	var r nat.Ruleset
	for _, m := range nattest.Cases()[n].Want.Mappings {
		r.Entries = append(r.Entries, nat.Entry{Mark: nattest.Owner(n).Mark(), Mapping: m})
	}
	return r
}

func dump(t *testing.T, b *Backend) string {
	t.Helper()
	r, err := b.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return nattest.Dump(r)
}

func TestRulesOfOthersSurviveClear(t *testing.T) {
	bothVariants(t, func(t *testing.T, v Variant, b *Backend) {
		iptables(t, v, "-t", "raw", "-A", "PREROUTING", "-j", "ACCEPT")
		iptables(t, v, "-t", "nat", "-N", "OTHER")
		iptables(t, v, "-t", "nat", "-A", "PREROUTING", "-j", "OTHER")
		before := kernel(t, v)
		if err := b.Restore(t.Context(), ruleset(1)); err != nil {
			t.Fatal(err)
		}
		if got := kernel(t, v); strings.Index(got, "-j "+guard) > strings.Index(got, "-j ACCEPT") {
			t.Errorf("a rule of another stands before the guard:\n%s", got)
		}
		iptables(t, v, "-t", "nat", "-A", "POSTROUTING", "-j", postrouting) // as who restores what was saved without a flush has it
		iptables(t, v, "-t", "nat", "-A", userPrerouting, "-j", "ACCEPT")
		if err := b.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := kernel(t, v); !strings.Contains(got, "-A "+userPrerouting+" -j ACCEPT") {
			t.Errorf("the administrator's rule is gone:\n%s", got)
		}
		iptables(t, v, "-t", "nat", "-F", userPrerouting)
		iptables(t, v, "-t", "nat", "-X", userPrerouting)
		if after := kernel(t, v); after != before {
			t.Errorf("left\n%swant\n%s", after, before)
		}
	})
}

func TestListNamesWhatOthersRemoved(t *testing.T) {
	for want, args := range map[string][]string{
		"iptables jump from OUTPUT to " + output:    {"-t", "nat", "-D", "OUTPUT", "-j", output},
		"iptables jump from PREROUTING to " + guard: {"-t", "raw", "-F", "PREROUTING"},
		"iptables rule of " + guard:                 {"-t", "raw", "-D", guard, "1"},
		"no other between them":                     {"-t", "nat", "-I", dnat, "-j", "RETURN"},
	} {
		bothVariants(t, func(t *testing.T, v Variant, b *Backend) {
			if err := b.Restore(t.Context(), ruleset(1)); err != nil {
				t.Fatal(err)
			}
			whole := dump(t, b)
			iptables(t, v, args...)
			if got := dump(t, b); !strings.Contains(got, want) {
				t.Errorf("after %v: list does not name %q:\n%s", args, want, got)
			}
			if err := b.Restore(t.Context(), ruleset(1)); err != nil {
				t.Fatal(err)
			}
			if got := dump(t, b); got != whole {
				t.Errorf("restored\n%swant\n%s", got, whole)
			}
		})
	}
}

func TestMarksAreReadAsTheyWereWritten(t *testing.T) {
	bothVariants(t, func(t *testing.T, _ Variant, b *Backend) {
		for _, mark := range []string{`vethbridge a"b/c\d/e'f`, `vethbridge $(x)/"; -j ACCEPT/#`, "plain", ""} {
			r := ruleset(1)
			r.Entries = r.Entries[:1]
			r.Entries[0].Mark = mark
			if err := b.Restore(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if got := dump(t, b); got != nattest.Dump(r) {
				t.Errorf("mark %q: holds\n%s", mark, got)
			}
		}
	})
}

func TestWhatCouldEndALineIsRefused(t *testing.T) {
	bothVariants(t, func(t *testing.T, _ Variant, b *Backend) {
		line := ruleset(1)
		line.Entries[0].Mark = "vethbridge a\nCOMMIT"
		all := nat.Ruleset{Networks: []nat.Network{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Treatment: nat.Masquerade}}}
		before := dump(t, b)
		for _, r := range []nat.Ruleset{line, all} {
			if err := b.Restore(t.Context(), r); err == nil {
				t.Errorf("loaded %v", r)
			}
		}
		if after := dump(t, b); after != before {
			t.Errorf("holds\n%s", after)
		}
	})
}

// The program that restores IPv6 is replaced by one that fails.
func TestFailureOfIPv6TakesIPv4Back(t *testing.T) {
	bothVariants(t, func(t *testing.T, v Variant, b *Backend) {
		for _, before := range []func() error{
			func() error { return nil },
			func() error { return b.Restore(t.Context(), ruleset(1)) },
		} {
			if err := before(); err != nil {
				t.Fatal(err)
			}
			had := kernel(t, v)
			path := os.Getenv("PATH")
			name := "ip6tables-" + v.String() + "-restore"
			shadow(t, name)
			err := b.Restore(t.Context(), ruleset(2))
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(err.Error(), name+": exit status 3: no such luck") {
				t.Errorf("error %v does not name the program and what it says", err)
			}
			t.Setenv("PATH", path)
			if got := kernel(t, v); got != had {
				t.Errorf("holds\n%swant\n%s", got, had)
			}
		}
	})
}

func shadow(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho no such luck >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func TestWaitForTheLockIsBounded(t *testing.T) {
	netnstest.Inside(t)
	lock := filepath.Join(t.TempDir(), "lock")
	t.Setenv("XTABLES_LOCKFILE", lock)
	file, err := os.Create(lock)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	holder := fmt.Sprintf("It is held by process %d (", os.Getpid())
	if err := New(Legacy).Restore(t.Context(), ruleset(1)); err == nil || !strings.Contains(err.Error(), holder) {
		t.Errorf("error %v does not name the lock", err)
	}
}

func TestUsableNamesTheProgramThatIsMissing(t *testing.T) {
	netnstest.Inside(t)
	t.Setenv("PATH", t.TempDir())
	if err := New(NFT).Usable(t.Context()); !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "iptables-nft-save") {
		t.Errorf("error %v does not name the program", err)
	}
}
