package operator

import (
	"context"
	"fmt"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// comparison compares attachments with the kernel as it was at one moment, as far as the
// state file says what they need: their rules, their link, and the way from 127.0.0.1. What
// only the network's config says, or the container's inside, is seen by the verb CHECK.
type comparison struct {
	session *session
	nat     nat.Moment
	links   map[string]links.Marked // by their marks
}

func (s *session) comparison() (comparison, error) {
	marks, err := s.marks()
	return comparison{s, s.host.NAT.Moment(), marks}, err
}

// marks are the links of attachments, by their marks.
func (s *session) marks() (map[string]links.Marked, error) {
	list, err := s.host.Links.MarkedLinks(attachment.MarkPrefix)
	marks := map[string]links.Marked{}
	for _, l := range list {
		marks[l.Mark] = l
	}
	return marks, err
}

// drift lists what the kernel lacks of an attachment.
func (c *comparison) drift(ctx context.Context, a *state.Attachment) (list []string, err error) {
	var elements []fence.Element
	var translations [len(natParts)]*nat.Expected
	err = c.session.host.Store.View(ctx, func(tx *state.Tx) error {
		if elements, err = fence.Recorded(tx, a.Owner); err != nil {
			return err
		}
		for i, part := range natParts {
			recorded, _, err := nat.Recorded(tx, a.Owner, part)
			if err != nil {
				return err
			}
			if translations[i], err = nat.Expect(tx, a.Owner, part, &recorded); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list = append(list, c.ofLink(a)...)
	list = append(list, messages(c.session.host.Fence.Verify(ctx, a.Owner, elements, elements))...)
	for _, e := range translations {
		list = append(list, messages(c.nat.Verify(ctx, e))...)
	}
	if a.LocalhostVia == "" {
		return list, nil
	}
	return append(list, messages(c.session.host.CheckLocalhost(a))...), nil
}

var natParts = [...]nat.Part{nat.PartVethbridge, nat.PartNatport}

// ofLink compares the host's end; one that another plugin made is that one's business.
func (c *comparison) ofLink(a *state.Attachment) []string {
	if a.HostLink == "" {
		return nil
	}
	link, there := c.links[a.Owner.Mark()]
	switch {
	case !there:
		return []string{fmt.Sprintf("check links: link %s is missing", a.HostLink)}
	case link.Name != a.HostLink:
		return []string{fmt.Sprintf("check links: link %s is called %s now, and its guard knows it by its name", a.HostLink, link.Name)}
	case link.Bridge != a.Bridge:
		return []string{fmt.Sprintf("check links: link %s is not a port of bridge %s", link.Name, a.Bridge)}
	case !link.Up:
		return []string{fmt.Sprintf("check links: link %s is down", link.Name)}
	}
	return nil
}

// messages are the single findings of a check.
func messages(err error) (list []string) {
	several, joined := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !joined:
		return []string{err.Error()}
	}
	for _, e := range several.Unwrap() {
		list = append(list, messages(e)...)
	}
	return list
}
