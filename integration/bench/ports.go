package main

import "errors"

const portsPart = "100 ports and one, in turns"

// ports measures what many ports take more than one: each contender has a host for either, and all take turns.
func (b *bench) ports() error {
	var all []*runner
	defer func() { closeAll(all) }()
	for _, s := range []scenario{{Name: "1 port", Ports: 1, Others: 1}, {Name: "100 ports", Ports: 100, Others: 1}} {
		runners, err := b.runners(s, b.nearest())
		all = append(all, runners...)
		if err != nil {
			return err
		}
	}
	return errors.Join(b.turns(portsPart, "1 and 100 ports", warmUp+b.rounds0(), all, b.portsTurn), b.save())
}

func (b *bench) portsTurn(i int, r *runner) error {
	add, del, err := r.round()
	if err == nil && i >= warmUp {
		b.elapsed(subject{portsPart, r.of.Name, "ADD", "ms", r.Name}, add)
		b.elapsed(subject{portsPart, r.of.Name, "DEL", "ms", r.Name}, del)
	}
	return err
}
