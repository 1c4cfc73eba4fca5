package host

import (
	"testing"

	"vethbridge/internal/plainjson/plainjsontest"
	"vethbridge/internal/shared"
)

func FuzzRecordsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Record(pause{}), plainjsontest.Record(uplinkRecord{}), plainjsontest.Record(gatewayRecord{}), plainjsontest.Record(shared.Setting{}))
}
