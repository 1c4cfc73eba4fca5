package operator

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"vethbridge/internal/release"
)

// oneRelease asks the executable beside this one which release it is: an installation may have failed between the two.
func oneRelease(ctx context.Context, s *session) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(filepath.Dir(own), "natport"), "version").Output()
	said, _, _ := strings.Cut(string(out), "\n")
	if err == nil && said != "natport "+release.Name() {
		s.warning("the-executables-are-of-two-releases", "vethbridge is "+release.Name()+", and "+said+" stands beside it",
			"install both of one release: all works meanwhile, but the more slowly, the more ports are published")
	}
	return nil
}
