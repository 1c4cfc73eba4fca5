package cni

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"time"

	"vethbridge/internal/state"
)

// openLog sets the logger by the keys logFile and logLevel, or where they are missing by the
// environment, which a runtime hands on. Without a file, warnings go
// to stderr, which runtimes put into their own log. A log that can't be opened is itself
// a warning: it must not keep a container from its network.
func (r *Request) openLog(v verb) {
	var keys struct {
		LogFile  string `json:"logFile"`
		LogLevel string `json:"logLevel"`
	}
	_ = json.Unmarshal(r.Config, &keys)
	keys.LogFile = cmp.Or(keys.LogFile, os.Getenv("VETHBRIDGE_LOGFILE"))
	keys.LogLevel = cmp.Or(keys.LogLevel, os.Getenv("VETHBRIDGE_LOGLEVEL"))
	level := slog.LevelInfo
	badLevel := keys.LogLevel != "" && level.UnmarshalText([]byte(keys.LogLevel)) != nil
	var out io.Writer = os.Stderr
	var openErr error
	if keys.LogFile == "" {
		level = max(level, slog.LevelWarn)
	} else if r.logFile, openErr = os.OpenFile(keys.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640); openErr == nil {
		out = r.logFile
	}
	r.Log = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})).With(
		"verb", v, "network", r.Owner.Network, "container", r.Owner.ContainerID, "ifName", r.Owner.IfName).With(trace()...)
	if openErr != nil {
		r.Log.Warn("open log file", "err", openErr)
	}
	if badLevel {
		r.Log.Warn("unknown logLevel, using info", "logLevel", keys.LogLevel)
	}
}

// logOutcome notes how the call went, for people and for metrics.
func (r *Request) logOutcome(ctx context.Context, v verb, err error) {
	now := time.Now()
	state.RecordOutcome(r.StateDir, state.Outcome{Plugin: r.plugin, Verb: string(v), Ended: now, Took: now.Sub(r.began), Failed: err != nil})
	if err == nil {
		r.Log.InfoContext(ctx, string(v)+" done")
	} else if r.logFile != nil {
		r.Log.ErrorContext(ctx, string(v)+" failed", "err", err)
	}
}

func (r *Request) close() {
	if r.logFile != nil {
		r.logFile.Close()
	}
}
