// Package release says which build of the product an executable is.
//
// It must not know what the executable does.
//
// Files:
//
//	release.go  About: what there is to say, as text and as JSON
package release
