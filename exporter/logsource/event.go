package logsource

import (
	"debug/elf"
	"encoding/binary"
	"time"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Event is one crash as a log tells it.
type Event struct {
	Source crash.Source
	Time   time.Time
	// TID is the crashing thread's id in the initial pid namespace.
	TID  int64
	Comm string // name of the thread, at most 15 bytes
	// Registers: PC and SP are always known, Addr is si_addr when HasAddr.
	PC, SP  uint64
	Addr    uint64
	HasAddr bool
	Signal  int
	// Code is si_code as far as the log implies it; HasCode is false when
	// it does not.
	Code    int
	HasCode bool
	CPU     string // "likely on CPU n"
	Module  *Module
	Machine elf.Machine
	// Line is the line as it was read, for the reasons.
	Line string
}

// Module is the mapping that holds pc.
type Module struct {
	Name       string
	Start, End uint64
	// Offset of the mapping in its file; HasOffset is false for kernels
	// before 6.4, which do not print it.
	Offset    uint64
	HasOffset bool
}

// Facts returns what the log tells in the form of a core's facts. Everything
// else (memory, other registers, mappings) stays unknown.
func (e *Event) Facts() *corefile.Facts {
	regs := corefile.Registers{PC: e.PC, SP: e.SP}
	if e.Machine == elf.EM_X86_64 {
		regs.Names, regs.Values = []string{"rip", "rsp"}, []uint64{e.PC, e.SP}
	}
	f := &corefile.Facts{
		Machine: e.Machine, Class: elf.ELFCLASS64, ByteOrder: binary.LittleEndian,
		Thread:  corefile.Thread{ID: e.TID, Registers: regs},
		Process: corefile.Process{PID: e.TID, Name: e.Comm},
		Signal: corefile.Signal{
			Number: e.Signal, HasInfo: e.HasCode, Code: e.Code, Addr: e.Addr, HasAddr: e.HasAddr,
		},
		Memory: unknown{},
		Size:   -1,
	}
	if m := e.Module; m != nil {
		f.Files = []corefile.MappedFile{{Start: m.Start, End: m.End, Offset: m.Offset, Path: m.Name}}
	}
	return f
}

// unknown is a memory of which nothing was captured.
type unknown struct{}

func (unknown) Segment(uint64) (seg corefile.Segment, found, complete bool) {
	return corefile.Segment{}, false, false
}
func (unknown) Bytes(uint64, int) ([]byte, bool) { return nil, false }
func (unknown) Word(uint64) (uint64, bool)       { return 0, false }
