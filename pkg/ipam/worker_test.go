//go:build !race

package ipam_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"vethbridge/internal/attachment"
	"vethbridge/internal/state"
	"vethbridge/pkg/ipam"
)

// workerEnv, set in the environment, makes the test binary a worker.
const workerEnv = "IPAM_TEST_WORKER"

const (
	workerConfig = `{"subnet": "10.1.0.0/27"}`
	workerSize   = 29
	perWorker    = 12 // owners of one worker
)

// worker calls like the plugins and a runtime: it claims, reclaims, releases and collects for
// the owners of one number, who live as long as a file of theirs is there.
type worker struct {
	number int
	store  *state.Store
	dir    string // of the files
	sets   []ipam.RangeSet
	boot   string
	pick   func(int) int // one of so many
}

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) == "" {
		os.Exit(m.Run())
	}
	err := work(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work does what verb says for its first owner, or whatever comes to mind for ever if it says nothing.
func work(dir, bootID, number, verb string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	if err := errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(bootID, "/proc/sys/kernel/random/boot_id", "", unix.MS_BIND, ""),
	); err != nil {
		return fmt.Errorf("set boot ID (the test must run as root): %w", err)
	}
	store, err := state.Open(dir)
	if err != nil {
		return err
	}
	c, err := ipam.DecodeConfig([]byte(workerConfig), nil)
	if err != nil {
		return err
	}
	w := &worker{n, store, filepath.Join(dir, "alive"), c.Sets, store.BootID(), rand.IntN}
	if verb != "" {
		w.pick = func(int) int { return 0 }
		return w.call(verb)
	}
	for err == nil {
		err = w.call([]string{"add", "add", "add", "wanted", "del", "del", "gc", "die"}[rand.IntN(8)])
	}
	return err
}

// call says what it does before and after.
func (w *worker) call(verb string) error {
	o := w.number*perWorker + w.pick(perWorker)
	switch verb {
	case "add":
		return w.add(o, netip.Addr{})
	case "wanted":
		wanted := netip.AddrFrom4([4]byte{10, 1, 0, byte(2 + w.pick(workerSize))})
		return w.add(o, wanted)
	case "del":
		return w.gone("del", o, true)
	case "die":
		return w.gone("die", o, false)
	}
	return w.gc()
}

func say(words ...any) { fmt.Println(append([]any{state.Now()}, words...)...) }

func (w *worker) alive(o int) string { return filepath.Join(w.dir, strconv.Itoa(o)) }

func (w *worker) add(o int, wanted netip.Addr) error {
	say("begin", "add", o, wanted)
	if err := os.WriteFile(w.alive(o), nil, 0o600); err != nil {
		return err
	}
	unlock, err := w.store.LockOwner(context.Background(), owner(o))
	if err != nil {
		return err
	}
	defer unlock()
	a, err := w.enter(o, wanted)
	for try := 0; try < 2 && err != nil; try++ { // a former life, and then an address that is missing
		if freed, reclaimErr := w.makeRoom(o, err); !freed || reclaimErr != nil {
			return errors.Join(err, reclaimErr)
		}
		a, err = w.enter(o, wanted)
	}
	var exhausted *ipam.ExhaustedError
	var taken *ipam.TakenError
	switch {
	case err == nil:
		say("end", "done", a)
	case errors.As(err, &exhausted):
		say("end", "exhausted", 0)
	case errors.As(err, &taken):
		say("end", "taken", numberOf(taken.Holder))
	default:
		return err
	}
	return nil
}

// errFormer says that the owner has a record of a former life.
var errFormer = errors.New("attached before")

// enter claims an address for an owner.
func (w *worker) enter(o int, wanted netip.Addr) (a netip.Addr, err error) {
	r := ipam.Request{Owner: owner(o), Sets: w.sets}
	if wanted.IsValid() {
		r.Wanted = []netip.Addr{wanted}
	}
	err = w.store.Update(context.Background(), func(tx *state.Tx) error {
		if record, known, err := tx.Attachment(r.Owner); err != nil || known && w.dead(o, record) {
			return errors.Join(err, errFormer)
		}
		leases, err := ipam.Allocate(tx, r)
		if err != nil {
			return err
		}
		a = leases[0].Address.Addr()
		return tx.PutAttachment(state.Attachment{Owner: r.Owner, BootID: tx.BootID(), Netns: state.Netns{Inode: w.life(o)}})
	})
	return a, err
}

// life tells the lives of an owner apart; 0 if it is dead.
func (w *worker) life(o int) uint64 {
	var st unix.Stat_t
	if err := unix.Stat(w.alive(o), &st); err != nil {
		return 0
	}
	return st.Ino
}

func (w *worker) dead(o int, record *state.Attachment) bool {
	return record.BootID != w.boot || record.Netns.Inode != w.life(o)
}

// makeRoom releases the dead where an address is missing, or what the owner itself has left, and
// reports whether that is worth another try.
func (w *worker) makeRoom(o int, err error) (bool, error) {
	var exhausted *ipam.ExhaustedError
	var taken *ipam.TakenError
	switch {
	case errors.Is(err, errFormer):
		return true, w.forget(o, w.dead)
	case errors.As(err, &taken):
		return true, w.release(numberOf(taken.Holder), w.dead)
	case errors.As(err, &exhausted):
		holders, err := w.holders()
		for _, o := range holders {
			err = errors.Join(err, w.release(numberOf(o), w.dead))
		}
		return true, err
	}
	return false, nil
}

func (w *worker) holders() (list []attachment.Owner, err error) {
	err = w.store.View(context.Background(), func(tx *state.Tx) error {
		list, err = ipam.Holders(tx, owner(0).Network)
		return err
	})
	return list, err
}

// release releases an owner for whom it is time, and is so still when nobody else is at it.
func (w *worker) release(o int, ifSo func(int, *state.Attachment) bool) error {
	var record *state.Attachment
	err := w.store.View(context.Background(), func(tx *state.Tx) (err error) {
		record, _, err = tx.Attachment(owner(o))
		return err
	})
	if err != nil || !ifSo(o, record) {
		return err
	}
	unlock, err := w.store.LockOwner(context.Background(), owner(o))
	if err != nil {
		return err
	}
	defer unlock()
	return w.forget(o, ifSo)
}

func (w *worker) forget(o int, ifSo func(int, *state.Attachment) bool) error {
	return w.store.Update(context.Background(), func(tx *state.Tx) error {
		if record, _, err := tx.Attachment(owner(o)); err != nil || !ifSo(o, record) {
			return err
		}
		return errors.Join(ipam.Release(tx, owner(o)), tx.DeleteAttachment(owner(o)))
	})
}

func always(int, *state.Attachment) bool { return true }

// gone ends a container, with a release or without.
func (w *worker) gone(verb string, o int, release bool) error {
	say("begin", verb, o)
	if release {
		if err := w.release(o, always); err != nil {
			return err
		}
	}
	if err := os.Remove(w.alive(o)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	say("end", "done", 0)
	return nil
}

// gc releases some owners of its own that hold addresses.
func (w *worker) gc() error {
	holders, err := w.holders()
	for _, h := range holders {
		if o := numberOf(h); o/perWorker == w.number && w.pick(3) == 0 && err == nil {
			err = w.gone("del", o, true)
		}
	}
	return err
}
