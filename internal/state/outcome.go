package state

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Outcome is how the last call of a plugin's verb went.
type Outcome struct {
	Plugin, Verb string
	Ended        time.Time // on the wall clock: for people, nothing is decided by it
	Took         time.Duration
	Failed       bool
}

// The plugins and verbs that outcomes are kept of. Each pair has a place in a file beside the
// book, so that it is written without a lock by one system call.
var (
	outcomePlugins = [...]string{"vethbridge", "natport"}
	outcomeVerbs   = [...]string{"ADD", "DEL", "CHECK", "GC", "STATUS"}
)

const (
	outcomeFile = "outcomes"
	outcomeSize = 24 // when it ended, how long it took (nanoseconds), 1 if it failed
)

func (o Outcome) place() (offset int64, known bool) {
	for p, plugin := range outcomePlugins {
		for v, verb := range outcomeVerbs {
			if plugin == o.Plugin && verb == o.Verb {
				return int64(p*len(outcomeVerbs)+v) * outcomeSize, true
			}
		}
	}
	return 0, false
}

// RecordOutcome notes how a call went, in a state directory that is there. It is only for
// metrics, so that a failure is none of the call's.
func RecordOutcome(dir string, o Outcome) {
	offset, known := o.place()
	if !known {
		return
	}
	fd, err := unix.Open(filepath.Join(dir, outcomeFile), unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var failed uint64
	if o.Failed {
		failed = 1
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(o.Ended.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(o.Took))
	_, _ = unix.Pwrite(fd, binary.LittleEndian.AppendUint64(b, failed), offset)
}

// Outcomes lists those of the calls that there have been. Without any call there is no file.
func Outcomes(dir string) (list []Outcome, err error) {
	text, err := os.ReadFile(filepath.Join(dir, outcomeFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, plugin := range outcomePlugins {
		for _, verb := range outcomeVerbs {
			o := Outcome{Plugin: plugin, Verb: verb}
			offset, _ := o.place()
			if int64(len(text)) < offset+outcomeSize {
				return list, nil
			}
			b := text[offset:]
			ended := binary.LittleEndian.Uint64(b)
			if ended == 0 {
				continue
			}
			o.Ended, o.Took = time.Unix(0, int64(ended)), time.Duration(binary.LittleEndian.Uint64(b[8:]))
			o.Failed = b[16] != 0
			list = append(list, o)
		}
	}
	return list, nil
}
