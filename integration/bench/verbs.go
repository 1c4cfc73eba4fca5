package main

import "fmt"

const (
	verbsPart    = "The other verbs"
	manyAttached = "4 ports, 50 attached"
)

// verbs measures CHECK, STATUS and a GC that finds nothing to release.
func (b *bench) verbs() error {
	for _, others := range []int{1, 50} {
		s := scenario{Ports: 4, Others: others}
		runners, err := b.runners(s, b.plugins())
		if err != nil {
			return err
		}
		for range max(b.rounds0()/3, 3) {
			for _, r := range runners {
				if err := b.verbsOf(r, fmt.Sprintf("4 ports, %d attached", others)); err != nil {
					closeAll(runners)
					return err
				}
			}
		}
		closeAll(runners)
	}
	return nil
}

func (b *bench) verbsOf(r *runner, name string) error {
	a := r.attach.(cniAttacher)
	first := container{number: 1, netns: r.host.namespace(container{number: 1}.id())}
	for _, v := range []struct {
		name string
		call func(container) error
	}{{"CHECK", a.check}, {"STATUS", a.status}, {"GC", a.gc}} {
		took, err := r.timed(func() error { return v.call(first) })
		if err != nil {
			b.leaveOut(subject{verbsPart, name, v.name, "ms", r.Name}, "fails: "+firstWords(err))
			continue
		}
		b.elapsed(subject{verbsPart, name, v.name, "ms", r.Name}, took)
	}
	return nil
}

// firstWords keeps a table narrow.
func firstWords(err error) string {
	text := []rune(err.Error())
	return string(text[:min(len(text), 60)])
}
