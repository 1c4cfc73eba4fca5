package state

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// The layout of a bbolt file, version 2 (go.etcd.io/bbolt, internal/common: page.go,
// meta.go, bucket.go). bbolt trusts it: a wild count makes it run out of memory, a loop
// among the pages out of stack, and neither can be recovered.
const (
	branchFlag   = 0x01
	leafFlag     = 0x02
	freelistFlag = 0x10

	headerSize  = 16 // of a page: id, flags, count, overflow
	elementSize = 16 // of an entry in a branch or leaf page
	bucketSize  = 16 // of a bucket entry's value: root page, sequence
	metaSize    = 64 // behind the header of pages 0 and 1

	magic         = 0xED0CDAED
	formatVersion = 2
)

var order = binary.NativeEndian

// pages is the content of a state file under verification.
type pages struct {
	content []byte
	size    uint64 // of a page
	end     uint64 // the first page number that is not in use
	seen    map[uint64]bool
}

// verify makes sure that a state file is safe to give to bbolt. It reads all of it.
func verify(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	p := &pages{content: content, size: uint64(os.Getpagesize()), seen: map[uint64]bool{}}
	root, freelist, err := p.meta()
	if err != nil {
		return err
	}
	if err := p.tree(root, span{}); err != nil {
		return err
	}
	return p.free(freelist)
}

// meta reads the newer of the valid meta pages.
func (p *pages) meta() (root, freelist uint64, err error) {
	found, newest := false, uint64(0)
	for n := range uint64(2) {
		from := n*p.size + headerSize
		if from+metaSize > uint64(len(p.content)) {
			break
		}
		m := p.content[from : from+metaSize]
		sum := fnv.New64a()
		sum.Write(m[:56])
		valid := order.Uint32(m) == magic && order.Uint32(m[4:]) == formatVersion &&
			uint64(order.Uint32(m[8:])) == p.size && order.Uint64(m[56:]) == sum.Sum64()
		if txID := order.Uint64(m[48:]); valid && (!found || txID > newest) {
			found, newest = true, txID
			root, freelist, p.end = order.Uint64(m[16:]), order.Uint64(m[32:]), order.Uint64(m[40:])
		}
	}
	switch {
	case !found:
		return 0, 0, fmt.Errorf("it has no valid header")
	case p.end > uint64(len(p.content))/p.size:
		return 0, 0, fmt.Errorf("it has %d bytes, its header counts %d pages", len(p.content), p.end)
	}
	return root, freelist, nil
}

// page returns a page with its overflow, the first time that it is asked for.
func (p *pages) page(id uint64) ([]byte, error) {
	if id < 2 || id >= p.end {
		return nil, fmt.Errorf("page %d is not in use", id)
	}
	from := id * p.size
	overflow := uint64(order.Uint32(p.content[from+12:]))
	if order.Uint64(p.content[from:]) != id || overflow >= p.end-id {
		return nil, fmt.Errorf("page %d has a wrong header", id)
	}
	for n := id; n <= id+overflow; n++ {
		if p.seen[n] {
			return nil, fmt.Errorf("page %d is used twice", n)
		}
		p.seen[n] = true
	}
	return p.content[from : from+(overflow+1)*p.size], nil
}

// span is where the keys of a part of a tree must lie: from low to before high; nil has no
// limit.
type span struct{ low, high []byte }

func (s span) contains(key []byte) bool {
	return bytes.Compare(s.low, key) <= 0 && (s.high == nil || bytes.Compare(key, s.high) < 0)
}

// tree verifies the pages of one bucket, or of a part of it.
func (p *pages) tree(id uint64, keys span) error {
	page, err := p.page(id)
	if err != nil {
		return err
	}
	return p.node(id, page, keys)
}

// node verifies one page, or the page inside a small bucket's value, and what it leads to.
func (p *pages) node(id uint64, page []byte, keys span) error {
	flags := order.Uint16(page[8:])
	entries, err := readEntries(id, page, flags)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if !keys.contains(e.key) || i > 0 && bytes.Compare(entries[i-1].key, e.key) >= 0 {
			return fmt.Errorf("entry %d of page %d is out of order", i, id)
		}
		below := span{low: e.key, high: keys.high}
		if i+1 < len(entries) {
			below.high = entries[i+1].key
		}
		if flags == branchFlag {
			err = p.tree(e.child, below)
		} else if e.isBucket {
			err = p.bucket(id, e.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func readEntries(id uint64, page []byte, flags uint16) ([]entry, error) {
	count := int(order.Uint16(page[10:]))
	if flags != leafFlag && (flags != branchFlag || count == 0) || headerSize+count*elementSize > len(page) {
		return nil, fmt.Errorf("page %d has a wrong header", id)
	}
	entries := make([]entry, count)
	for i := range entries {
		var ok bool
		if entries[i], ok = readEntry(page[headerSize+i*elementSize:], flags); !ok {
			return nil, fmt.Errorf("entry %d of page %d is out of place", i, id)
		}
	}
	return entries, nil
}

// entry is one entry of a branch page (key, child) or a leaf page (key, value).
type entry struct {
	key, value []byte
	child      uint64
	isBucket   bool
}

// readEntry reads the entry that begins rest, the remainder of its page. It reports false
// if the entry does not lie inside.
func readEntry(rest []byte, flags uint16) (e entry, ok bool) {
	var pos, keySize, valueSize uint64
	if flags == branchFlag {
		pos, keySize = uint64(order.Uint32(rest)), uint64(order.Uint32(rest[4:]))
		e.child = order.Uint64(rest[8:])
	} else {
		kind := order.Uint32(rest)
		if e.isBucket = kind == 1; kind > 1 {
			return entry{}, false
		}
		pos, keySize, valueSize = uint64(order.Uint32(rest[4:])), uint64(order.Uint32(rest[8:])), uint64(order.Uint32(rest[12:]))
	}
	if pos+keySize+valueSize > uint64(len(rest)) {
		return entry{}, false
	}
	e.key, e.value = rest[pos:pos+keySize], rest[pos+keySize:pos+keySize+valueSize]
	return e, true
}

// bucket verifies what stands behind the value of a bucket's entry in page id.
func (p *pages) bucket(id uint64, value []byte) error {
	if len(value) < bucketSize {
		return fmt.Errorf("page %d has half a bucket", id)
	}
	if root := order.Uint64(value); root != 0 {
		return p.tree(root, span{})
	}
	if inline := value[bucketSize:]; len(inline) >= headerSize && order.Uint16(inline[8:]) == leafFlag {
		return p.node(id, inline, span{})
	}
	return fmt.Errorf("page %d has half a bucket", id)
}

// free verifies the list of free pages.
func (p *pages) free(id uint64) error {
	page, err := p.page(id)
	if err != nil {
		return err
	}
	count, ids := uint64(order.Uint16(page[10:])), page[headerSize:]
	if count == 0xffff { // too many for the header: the first number is the count
		count, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(page[8:]) != freelistFlag || count > uint64(len(ids))/8 {
		return fmt.Errorf("page %d is no list of free pages", id)
	}
	for i := range count {
		n := order.Uint64(ids[i*8:])
		if n < 2 || n >= p.end || p.seen[n] {
			return fmt.Errorf("page %d can't be free", n)
		}
		p.seen[n] = true
	}
	return nil
}
