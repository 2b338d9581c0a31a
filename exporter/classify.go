package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/prometheus/common/promslog"

	"github.com/epicurve/epicurve/exporter/binaries"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

func (c *cli) addClassify() {
	var files []string
	var output, root string
	var symbols bool
	cmd := c.command("classify", "Classify core files, plain or compressed, and print a finding for each.",
		func(ctx context.Context) int {
			if symbols {
				store := binaries.New(binaries.Config{Root: root, Log: promslog.New(&c.log)})
				defer store.Close()
				c.rules.Binaries = store
			}
			return c.classify(ctx, files, output)
		})
	cmd.Flag("symbols", "Look up function names and text in the executables and libraries of this machine that have the build id of the core's.").
		Default("true").BoolVar(&symbols)
	cmd.Flag("root", "Directory to put before the paths of executables and libraries, such as /host in a container.").StringVar(&root)
	cmd.Flag("output", "Output format: text, or json for one JSON object a line.").Default("text").EnumVar(&output, "text", "json")
	cmd.Arg("file", "Core files; - reads standard input.").Required().StringsVar(&files)
}

// stdinArg stands for "-" on its way through kingpin, which turns a lone dash
// into an empty argument. No path holds a NUL.
const stdinArg = "\x00-"

// keepDashes replaces every "-" by stdinArg.
func keepDashes(args []string) []string {
	kept := slices.Clone(args)
	for i, a := range kept {
		if a == "-" {
			kept[i] = stdinArg
		}
	}
	return kept
}

// finding is one line of output about a file that could be read.
type finding struct {
	File       string           `json:"file"`
	ID         string           `json:"id"`
	Class      crash.Class      `json:"class"`
	Kind       crash.Kind       `json:"kind"`
	Signature  string           `json:"signature"`
	Signal     string           `json:"signal"`
	Code       *int64           `json:"si_code,omitempty"`
	Addr       string           `json:"si_addr,omitempty"`
	PC         string           `json:"pc"`
	SP         string           `json:"sp"`
	Reasons    []string         `json:"reasons"`
	Confidence crash.Confidence `json:"confidence"`
	Caller     string           `json:"caller,omitempty"`
	Executable string           `json:"executable,omitempty"`
	Arch       string           `json:"arch,omitempty"`
	Hardware   []string         `json:"hardware_reasons,omitempty"`
	Truncated  bool             `json:"truncated,omitempty"`
	BytesRead  int64            `json:"bytes_read"`
}

// failure is one line of output about a file that could not be read.
type failure struct {
	File   string     `json:"file"`
	Kind   crash.Kind `json:"kind"`
	Reason string     `json:"reason"`
	Error  string     `json:"error"`
}

// ruling is either a finding or a failure.
type ruling struct {
	finding *finding
	failure *failure
}

// job is a file on its way to a worker.
type job struct {
	file   string
	result chan ruling
}

// classify prints findings in the order of the arguments, each as soon as it
// and those before it are known.
func (c *cli) classify(ctx context.Context, files []string, output string) int {
	workers := min(runtime.GOMAXPROCS(0), len(files))
	queue := make(chan chan ruling, 4*workers) // in the order of the arguments
	jobs := make(chan job)
	go func() {
		defer close(queue)
		defer close(jobs)
		for _, file := range files {
			j := job{file: file, result: make(chan ruling, 1)}
			select {
			case jobs <- j:
				queue <- j.result
			case <-ctx.Done():
				return
			}
		}
	}()
	for range workers { // kept, because a new goroutine's stack would grow anew for every file
		go func() {
			for j := range jobs {
				j.result <- c.classifyFile(ctx, j.file)
			}
		}()
	}
	out := bufio.NewWriter(c.stdout)
	code, err := exitOK, error(nil)
	for result := range queue {
		r := <-result
		if r.failure != nil {
			code = exitError
		}
		if err == nil {
			err = r.print(out, output)
		}
		if err == nil && len(queue) == 0 {
			err = out.Flush() // nothing is ready: show what there is
		}
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		fmt.Fprintf(c.stderr, "epicurve-exporter: write findings: %v\n", err)
		return exitError
	}
	if ctx.Err() != nil {
		fmt.Fprintln(c.stderr, "epicurve-exporter: interrupted")
		return exitError
	}
	return code
}

func (c *cli) classifyFile(ctx context.Context, path string) ruling {
	facts, err := c.readCore(ctx, path)
	if path == stdinArg {
		path = "-"
	}
	if err != nil {
		f := failure{File: path, Kind: crash.KindUnreadable, Reason: string(corefile.ReasonIO), Error: err.Error()}
		if ce, ok := errors.AsType[*corefile.Error](err); ok {
			f.Reason = string(ce.Reason)
		}
		return ruling{failure: &f}
	}
	r := classify.Record(facts, c.rules)
	f := finding{
		File: path, ID: r.ID.String(), Class: r.Finding.Class, Kind: r.Finding.Kind, Signature: r.Finding.Signature,
		Signal: r.Fault.Signal, Addr: hex(r.Fault.Addr), PC: hex(r.Fault.PC), SP: hex(r.Fault.SP),
		Reasons: append([]string{}, r.Finding.Reasons...), Confidence: r.Finding.Confidence, Caller: r.Finding.Caller,
		Executable: r.Process.Executable, Arch: r.Fault.Arch, Hardware: r.Finding.HardwareReasons,
		Truncated: r.Fault.Truncated, BytesRead: facts.BytesRead,
	}
	if r.Fault.Code.Known {
		f.Code = &r.Fault.Code.Value
	}
	return ruling{finding: &f}
}

// readCore reads a file, or whatever else can only be read forward.
func (c *cli) readCore(ctx context.Context, path string) (*corefile.Facts, error) {
	opt := corefile.Options{Context: ctx}
	if path == stdinArg {
		return corefile.ReadStream(c.stdin, opt)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	st, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s is a directory, name the core files in it", path)
	case st.Mode().IsRegular():
		return corefile.Read(file, st.Size(), opt)
	default:
		return corefile.ReadStream(file, opt)
	}
}

func hex(a crash.Optional[uint64]) string {
	if !a.Known {
		return ""
	}
	return fmt.Sprintf("%#x", a.Value)
}

func (r ruling) print(w io.Writer, output string) error {
	switch {
	case output == "json" && r.failure != nil:
		return json.NewEncoder(w).Encode(r.failure)
	case output == "json":
		return json.NewEncoder(w).Encode(r.finding)
	case r.failure != nil:
		_, err := fmt.Fprintf(w, "%q: %s (%s): %q\n", r.failure.File, r.failure.Kind, r.failure.Reason, r.failure.Error)
		return err
	}
	f := r.finding
	_, err := fmt.Fprintf(w, "%q: %s %s (%s)\n  signal     %s pc=%s sp=%s\n  signature  %q\n",
		f.File, f.Class, f.Kind, f.Confidence, orNone(f.Signal), f.PC, f.SP, f.Signature)
	for _, reason := range f.Reasons {
		if err == nil {
			_, err = fmt.Fprintf(w, "  because    %q\n", reason)
		}
	}
	return err
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
