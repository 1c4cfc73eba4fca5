package iptables

import (
	"context"
	"strconv"
	"strings"

	"vethbridge/internal/failure"
	"vethbridge/pkg/nat"
)

// Count reads the counters of the rules that translate, which see nothing but the first packet of a
// connection. The programs write all rules of a chain anew, so they begin again with each change.
func (b *Backend) Count(ctx context.Context) (nat.Counts, error) {
	counts := nat.Counts{}
	for _, f := range families() {
		there, err := b.present(&f, tables())
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		text, err := b.run(ctx, &f, "save", "", "-c")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if err := f.count(strings.TrimRight(line, "\n"), counts); err != nil {
				return nil, failure.To("read rule "+strconv.Quote(line), err)
			}
		}
	}
	return counts, nil
}

// count takes what a line like "[3:180] -A CHAIN rule" of iptables-save says of a mapping.
func (f *family) count(line string, into nat.Counts) error {
	counter, appended, _ := strings.Cut(line, " -A ")
	chain, rule, _ := strings.Cut(appended, " ")
	if chain != dnat && chain != output {
		return nil
	}
	o := parse(rule)
	if o["-j"] != "DNAT" {
		return nil
	}
	packets, _, _ := strings.Cut(strings.TrimPrefix(counter, "["), ":")
	n, err := strconv.ParseUint(packets, 10, 64)
	if err != nil {
		return err
	}
	e, err := f.entry(chain, o)
	if err != nil {
		return err
	}
	into[e.Mapping.HostEnd()] = n
	return nil
}
