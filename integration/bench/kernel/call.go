package kernel

import "fmt"

// Call is one verb for one container: attach or detach by its Number, publish or unpublish for the network
// namespace at Netns. Ports are published from First on.
type Call struct {
	Verb, Netns          string
	Number, First, Ports int
	On                   Bridge
}

// Run makes the calls.
func (c Call) Run() error {
	switch c.Verb {
	case "attach":
		return attach(c.Netns, c.Number, c.On)
	case "detach":
		return detach(c.Number)
	case "publish":
		return publish(c)
	case "unpublish":
		return unpublish(c)
	}
	return fmt.Errorf("unknown verb %q", c.Verb)
}
