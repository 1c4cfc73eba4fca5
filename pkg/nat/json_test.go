package nat

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
)

func FuzzRecordsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Record(record{}), plainjsontest.Record(portClaim{}), plainjsontest.Record(needed{}))
}
