package operator

import (
	"context"

	"vethbridge/internal/state"
)

// lastOperations are the last calls of each verb that got as far as to read their config.
func lastOperations(_ context.Context, s *session, _ []*row) ([]*gauge, error) {
	took := newGauge("last_operation_duration_seconds", "How long the last call of a verb took, from its config to its answer.")
	ended := newGauge("last_operation_timestamp_seconds", "When the last call of a verb ended, in seconds since 1970.")
	failed := newGauge("last_operation_failed", "1 if the last call of a verb ended with an error.")
	took.fraction, ended.fraction = true, true
	outcomes, err := state.Outcomes(s.stateDir)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		labels := []string{"plugin", o.Plugin, "verb", o.Verb}
		took.add(uint64(o.Took), labels...)
		ended.add(uint64(o.Ended.UnixNano()), labels...)
		var bad uint64
		if o.Failed {
			bad = 1
		}
		failed.add(bad, labels...)
	}
	return []*gauge{took, ended, failed}, nil
}
