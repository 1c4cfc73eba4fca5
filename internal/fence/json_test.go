package fence

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzRecordsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Record(claim{}))
}
