package ipam

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzConfigsAndRecordsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Config(rawConfig{}), plainjsontest.Config([][]rawRange(nil)),
		plainjsontest.Record(record{}), plainjsontest.Record(subnetUse{}), plainjsontest.Record(pool{}), plainjsontest.Record(Range{}))
}
