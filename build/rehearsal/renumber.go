package rehearsal

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Offsets of the process id in the notes of an x86-64 core: struct
// elf_prstatus.pr_pid and struct elf_prpsinfo.pr_pid (Linux,
// include/linux/elfcore.h).
const (
	prstatusPID = 32
	prpsinfoPID = 24
)

var errNoProcess = errors.New("the core has no notes on its process")

// renumber returns a copy of a little-endian x86-64 core of another process: its
// process note and the status of its first thread get the pid. Nothing else
// changes.
func renumber(core []byte, pid int32) ([]byte, error) {
	core = bytes.Clone(core)
	f, err := elf.NewFile(bytes.NewReader(core))
	if err != nil {
		return nil, fmt.Errorf("renumber: %w", err)
	}
	if f.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("renumber: a core of %s, want one of %s", f.Machine, elf.EM_X86_64)
	}
	var status, process bool
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Off+p.Filesz > uint64(len(core)) {
			continue
		}
		for notes := core[p.Off : p.Off+p.Filesz]; len(notes) >= 12; {
			name, size := binary.LittleEndian.Uint32(notes), binary.LittleEndian.Uint32(notes[4:])
			kind := elf.NType(binary.LittleEndian.Uint32(notes[8:]))
			begin := 12 + align4(name)
			end := begin + align4(size)
			if end > uint64(len(notes)) {
				break
			}
			desc := notes[begin : begin+uint64(size)]
			switch {
			case kind == elf.NT_PRSTATUS && !status && len(desc) >= prstatusPID+4:
				binary.LittleEndian.PutUint32(desc[prstatusPID:], uint32(pid)) //nolint:gosec // pids are positive
				status = true
			case kind == elf.NT_PRPSINFO && len(desc) >= prpsinfoPID+4:
				binary.LittleEndian.PutUint32(desc[prpsinfoPID:], uint32(pid)) //nolint:gosec // pids are positive
				process = true
			}
			notes = notes[end:]
		}
	}
	if !status || !process {
		return nil, fmt.Errorf("renumber: %w", errNoProcess)
	}
	return core, nil
}

func align4(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
