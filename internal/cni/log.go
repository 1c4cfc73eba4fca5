package cni

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"os"
	"syscall"
	"time"

	"vethbridge/internal/state"
)

// openLog sets the logger by the keys logFile and logLevel, or where they are missing by the
// environment, which a runtime hands on. Without a file, warnings go
// to stderr, which runtimes put into their own log. A log that can't be opened is itself
// a warning: it must not keep a container from its network, and a pipe that nobody reads must not either.
func (r *Request) openLog(v verb, conf *common) {
	file := cmp.Or(text(conf.LogFile), os.Getenv("VETHBRIDGE_LOGFILE"))
	wanted := cmp.Or(text(conf.LogLevel), os.Getenv("VETHBRIDGE_LOGLEVEL"))
	level := slog.LevelInfo
	badLevel := wanted != "" && level.UnmarshalText([]byte(wanted)) != nil
	var out io.Writer = os.Stderr
	var openErr error
	if file == "" {
		level = max(level, slog.LevelWarn)
	} else if r.logFile, openErr = os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY|syscall.O_NONBLOCK, 0o640); openErr == nil {
		out = r.logFile
	}
	r.Log = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})).With(
		"plugin", r.plugin, "verb", v, "network", r.Owner.Network, "container", r.Owner.ContainerID, "ifName", r.Owner.IfName).With(trace()...)
	if openErr != nil {
		r.Log.Warn("open log file", "err", openErr)
	}
	if badLevel {
		r.Log.Warn("unknown logLevel, using info", "logLevel", wanted)
	}
}

// logOutcome notes how the call went, for people and for metrics.
func (r *Request) logOutcome(ctx context.Context, v verb, err error) {
	now := time.Now()
	state.RecordOutcome(r.StateDir, state.Outcome{Plugin: r.plugin, Verb: string(v), Ended: now, Took: now.Sub(r.began), Failed: err != nil})
	if err == nil {
		r.Log.InfoContext(ctx, string(v)+" done", "took", now.Sub(r.began).String())
	} else if r.logFile != nil {
		r.Log.ErrorContext(ctx, string(v)+" failed", "err", err)
	}
}

func (r *Request) close() {
	if r.logFile != nil {
		r.logFile.Close()
	}
}
