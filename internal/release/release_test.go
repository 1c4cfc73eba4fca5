package release

import "testing"

// TestOnlyATreeWithJustATagIsARelease goes by what git describe says.
func TestOnlyATreeWithJustATagIsARelease(t *testing.T) {
	before := described
	t.Cleanup(func() { described = before })
	for is, name := range map[string]string{
		"v1.2.3": "1.2.3", "": "development build", "1a2b3c4": "development build 1a2b3c4",
		"v1.2.3-dirty": "development build v1.2.3-dirty", "v1.2.3-4-g1a2b3c4": "development build v1.2.3-4-g1a2b3c4",
	} {
		if described = is; Name() != name {
			t.Errorf("%q is %q, want %q", is, Name(), name)
		}
	}
}
