package cni

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzConfigsAndResultsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Config(common{}), plainjsontest.Record(wireResult{}))
}
