package links

import "vethbridge/internal/sysctl"

// setting is what a sysctl shall be.
type setting struct{ key, value string }

// ensureAll sets sysctls of the calling thread's namespace. One that is missing belongs to
// a protocol that the kernel has not got.
func ensureAll(list []setting) error {
	for _, s := range list {
		if _, _, err := sysctl.Ensure(s.key, s.value); err != nil && !sysctl.IsMissing(err) {
			return err
		}
	}
	return nil
}
