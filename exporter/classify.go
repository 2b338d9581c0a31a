package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"

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

// batch is consecutive files on their way through a worker; one by one, the
// hand-over would cost as much as the reading of a header.
type batch struct {
	files []string
	done  chan []ruling
}

// batchSize is how many files a worker takes at a time: few enough that a
// handful is shared by all, and that findings are shown as they come.
func batchSize(files, workers int) int { return min(max(files/(8*workers), 1), 32) }

// classify prints findings in the order of the arguments, each as soon as it
// and those before it are known.
func (c *cli) classify(ctx context.Context, files []string, output string) int {
	batchMemory(classifyGoal)
	workers := min(runtime.GOMAXPROCS(0), len(files))
	queue := make(chan chan []ruling, 4*workers) // in the order of the arguments
	batches := make(chan batch)
	go func() {
		defer close(queue)
		defer close(batches)
		for part := range slices.Chunk(files, batchSize(len(files), workers)) {
			b := batch{files: part, done: make(chan []ruling, 1)}
			select {
			case batches <- b:
				queue <- b.done
			case <-ctx.Done():
				return
			}
		}
	}()
	for range workers { // kept, because a new goroutine's stack would grow anew for every file
		go func() {
			for b := range batches {
				b.done <- c.classifyFiles(ctx, b.files)
			}
		}()
	}
	out := bufio.NewWriterSize(c.stdout, 64<<10)
	code, err := c.printAll(queue, out, output)
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

// printAll prints what the workers found; an error ends the printing, not the
// reading of the queue.
func (c *cli) printAll(queue <-chan chan []ruling, out *bufio.Writer, output string) (code int, err error) {
	printer := newPrinter(out, output)
	for done := range queue {
		for _, r := range <-done {
			if r.failure != nil {
				code = exitError
			}
			if err == nil {
				err = printer.print(r)
			}
		}
		if err == nil && len(queue) == 0 {
			err = out.Flush() // nothing is ready: show what there is
		}
	}
	return code, err
}

func (c *cli) classifyFiles(ctx context.Context, files []string) []ruling {
	rulings := make([]ruling, len(files))
	for i, f := range files {
		rulings[i] = c.classifyFile(ctx, f)
	}
	return rulings
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
		Reasons: r.Finding.Reasons, Confidence: r.Finding.Confidence, Caller: r.Finding.Caller,
		Executable: r.Process.Executable, Arch: r.Fault.Arch, Hardware: r.Finding.HardwareReasons,
		Truncated: r.Fault.Truncated, BytesRead: facts.BytesRead,
	}
	if r.Fault.Code.Known {
		f.Code = &r.Fault.Code.Value
	}
	return ruling{finding: &f}
}

func hex(a crash.Optional[uint64]) string {
	if !a.Known {
		return ""
	}
	return "0x" + strconv.FormatUint(a.Value, 16)
}

// printer writes rulings in one of the output formats.
type printer struct {
	out  io.Writer
	json *json.Encoder // nil for text
}

func newPrinter(out io.Writer, output string) printer {
	p := printer{out: out}
	if output == "json" {
		p.json = json.NewEncoder(out)
	}
	return p
}

func (p printer) print(r ruling) error {
	switch {
	case p.json != nil && r.failure != nil:
		return p.json.Encode(r.failure)
	case p.json != nil:
		return p.json.Encode(r.finding)
	case r.failure != nil:
		_, err := fmt.Fprintf(p.out, "%q: %s (%s): %q\n", r.failure.File, r.failure.Kind, r.failure.Reason, r.failure.Error)
		return err
	}
	f := r.finding
	_, err := fmt.Fprintf(p.out, "%q: %s %s (%s)\n  signal     %s pc=%s sp=%s\n  signature  %q\n",
		f.File, f.Class, f.Kind, f.Confidence, orNone(f.Signal), f.PC, f.SP, f.Signature)
	for _, reason := range f.Reasons {
		if err == nil {
			_, err = fmt.Fprintf(p.out, "  because    %q\n", reason)
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
