package main

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzConfigsAreReadAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Config(rawConfig{Bridge: defaultBridge}), plainjsontest.Config([]rawTrunk(nil)))
}
