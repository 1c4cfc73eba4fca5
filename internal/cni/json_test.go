package cni

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzConfigsAreReadAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Config(common{}))
}
