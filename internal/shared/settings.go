package shared

import (
	"vethbridge/internal/state"
)

const settings state.Table = "shared-settings"

// Setting is a sysctl that was changed for an object, and its value before that.
type Setting struct {
	Key      string `json:"key"` // in the form that internal/sysctl takes
	Previous string `json:"previous"`
}

// Remember records how a setting was before it was changed for the object. What is
// remembered already stays: only the first change knows the host's own value.
func (o Object) Remember(tx *state.Tx, s Setting) error {
	key := append(o.key(), s.Key...)
	if _, known, err := state.Get[Setting](tx, settings, key); known || err != nil {
		return err
	}
	return state.Put(tx, settings, key, s)
}

// Settings lists what is remembered for the object.
func (o Object) Settings(tx *state.Tx) ([]Setting, error) {
	var list []Setting
	err := state.Each(tx, settings, o.key(), func(_ []byte, s *Setting) error {
		list = append(list, *s)
		return nil
	})
	return list, err
}

// Forget removes what is remembered for the object, once it has been put back.
func (o Object) Forget(tx *state.Tx) error {
	list, err := o.Settings(tx)
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := state.Delete(tx, settings, append(o.key(), s.Key...)); err != nil {
			return err
		}
	}
	return nil
}
