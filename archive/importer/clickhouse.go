package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// crashLog is a row of ClickHouse's system.crash_log in FORMAT JSONEachRow. The
// later columns came with later versions; 64-bit numbers are texts there unless
// output_format_json_quote_64bit_integers is 0.
type crashLog struct {
	Hostname    string   `json:"hostname"`
	EventTime   string   `json:"event_time"`
	TimestampNS number   `json:"timestamp_ns"`
	Signal      number   `json:"signal"`
	SignalCode  *number  `json:"signal_code"`
	FaultAddr   *number  `json:"fault_address"`
	ThreadID    number   `json:"thread_id"`
	QueryID     string   `json:"query_id"`
	Trace       []number `json:"trace"`
	TraceFull   []string `json:"trace_full"`
	Version     string   `json:"version"`
	Revision    number   `json:"revision"`
	BuildID     string   `json:"build_id"`
	Arch        string   `json:"architecture"`
}

// number is a whole number, quoted or not, signed or not.
type number uint64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(b []byte) error {
	s := string(bytes.Trim(b, `"`))
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = number(i)
		return nil
	}
	u, err := strconv.ParseUint(s, 10, 64)
	*n = number(u)
	return err
}

// crashLogRecord makes a record of a row.
func crashLogRecord(line []byte) (crash.Record, error) {
	var row crashLog
	if err := json.Unmarshal(line, &row); err != nil {
		return crash.Record{}, fmt.Errorf("not a row of system.crash_log in FORMAT JSONEachRow: %w", err)
	}
	if row.TimestampNS == 0 || row.Signal == 0 {
		return crash.Record{}, fmt.Errorf("timestamp_ns or signal is missing; select * from system.crash_log")
	}
	facts := classify.LogFacts{Executable: "clickhouse", Signal: int(row.Signal), Arch: goArch(row.Arch)}
	if len(row.Trace) > 0 {
		facts.IP = crash.Some(uint64(row.Trace[0]))
	}
	if row.FaultAddr != nil {
		facts.Addr = crash.Some(uint64(*row.FaultAddr))
	}
	if row.SignalCode != nil {
		facts.Code = crash.Some(int64(*row.SignalCode))
	}
	r := classify.FromLog(facts)
	r.Source, r.TimeSource = crash.SourceImport, crash.TimeFromReporter
	r.Time = time.Unix(0, int64(row.TimestampNS)).UTC().Truncate(time.Microsecond)
	r.Fault.ThreadID, r.Fault.Frames = crash.Some(int64(row.ThreadID)), row.TraceFull
	if symbol := firstSymbol(row.TraceFull); symbol != "" {
		r.Finding.Signature = fmt.Sprintf("%s in %s", r.Finding.Kind, symbol)
	}
	r.Process.Executable, r.Process.ServiceName, r.Process.ServiceVersion = "clickhouse", "clickhouse-server", strings.TrimPrefix(row.Version, "ClickHouse ")
	r.Process.BuildID = strings.ToLower(row.BuildID)
	r.Host.Name = row.Hostname
	if row.QueryID != "" {
		r.Attributes = map[string]string{"clickhouse.query_id": row.QueryID}
	}
	h := crash.NewHasher("clickhouse_crash_log")
	for _, part := range []string{row.Hostname, strconv.FormatUint(uint64(row.TimestampNS), 10), strconv.FormatUint(uint64(row.ThreadID), 10), row.QueryID} {
		h.Add("part", []byte(part))
	}
	r.ID = h.ID()
	bound(&r)
	return finish(r)
}

// goArch is Go's name of an architecture; "" is amd64's.
func goArch(uname string) string {
	switch uname {
	case "aarch64":
		return "arm64"
	case "x86_64":
		return "amd64"
	default:
		return uname
	}
}

// traceLine is a stack frame as ClickHouse prints it: "4. DB::f(int) @ 0x… in
// /usr/bin/clickhouse", or with the source file before the symbol.
var traceLine = regexp.MustCompile(`^\d+(?:\.\d+)?\. (?:inlined from )?(?:\S+:\d+: )?(.+?) @ 0x`)

// firstSymbol returns the innermost symbol that is not of the C library or of
// raising the signal, without its arguments.
func firstSymbol(frames []string) string {
	for _, f := range frames {
		m := traceLine.FindStringSubmatch(f)
		if m == nil || m[1] == "?" {
			continue
		}
		symbol, _, _ := strings.Cut(m[1], "(")
		switch symbol = strings.TrimSpace(symbol); symbol {
		case "", "raise", "gsignal", "abort", "__libc_start_main", "pthread_kill", "__restore_rt":
			continue
		}
		return symbol
	}
	return ""
}
