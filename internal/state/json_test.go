package state_test

import (
	"testing"

	"vethbridge/internal/attachment"
	"vethbridge/internal/plainjson/plainjsontest"
	"vethbridge/internal/state"
)

func FuzzRecordsAreReadAndWrittenAsByEncodingJSON(f *testing.F) {
	plainjsontest.Fuzz(f, plainjsontest.Record(state.Attachment{}), plainjsontest.Record(attachment.Owner{}), plainjsontest.Record(false))
}
