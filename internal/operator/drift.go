package operator

import (
	"context"

	"vethbridge/internal/attachment"
	"vethbridge/internal/fence"
	"vethbridge/internal/links"
	"vethbridge/internal/state"
	"vethbridge/pkg/nat"
)

// comparison compares attachments with the kernel as it was at one moment, as far as the
// state file says what they need: their rules, their link, and the way from 127.0.0.1.
type comparison struct {
	session *session
	nat     nat.Moment
}

func (s *session) comparison() comparison { return comparison{s, s.host.NAT.Moment()} }

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
	onHost, inside := c.session.host.Differences(a)
	list = append(messages(onHost), messages(inside)...)
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

// messages are the single findings of a check.
func messages(err error) (list []string) {
	for _, e := range single(err) {
		list = append(list, e.Error())
	}
	return list
}

func single(err error) (list []error) {
	several, joined := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !joined:
		return []error{err}
	}
	for _, e := range several.Unwrap() {
		list = append(list, single(e)...)
	}
	return list
}
