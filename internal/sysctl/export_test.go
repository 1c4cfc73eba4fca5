package sysctl

import "golang.org/x/sys/unix"

// Root is the root of the process's own instance of procfs, -1 if none is made.
func Root() int {
	if own := apart.Load(); own != nil && own.root != 0 {
		return own.root
	}
	return -1
}

// Together ends what Apart began.
func Together() {
	if root := Root(); root >= 0 {
		unix.Close(root)
	}
	apart.Store(nil)
}
