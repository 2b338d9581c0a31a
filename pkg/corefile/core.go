package corefile

// readCore reads an uncompressed core through the window of sc.
func readCore(sc *scratch, opt Options) (*Facts, error) {
	w, segs, set := &sc.w, &sc.segs, &sc.set
	h, err := readHeader(w)
	if err != nil {
		return nil, err
	}
	l := layoutOf(&h)
	if l == nil {
		return nil, fail(ReasonUnsupported, 18, "%v, %v", h.machine, h.class)
	}
	m := &memory{h: h}
	segs.table, segs.notes = &m.table, sc.notes[:0]
	if err := segs.read(w, &h); err != nil {
		return nil, err
	}
	m.h = h
	sc.walk = walker{w: w, h: &h, l: l, t: &m.table, set: set}
	err = sc.walk.readAll(segs.notes, opt)
	if set.status == nil {
		if err == nil {
			err = noRegisters(&h, segs, set)
		}
		return nil, err
	}
	f := facts(&h, l, segs, set)
	f.Memory = m
	c := &sc.c
	*c = capturing{w: w, h: &h, l: l, f: f, m: m, opt: opt, bases: sc.bases[:0], ids: sc.ids[:0], pieces: sc.pieces[:0]}
	if err == nil {
		c.run()
	} else {
		f.Incomplete = err.Error()
	}
	end := w.src.size()
	f.Truncated = f.Truncated || set.cut || segs.cut || c.cut || (end >= 0 && end < f.ExpectedSize)
	f.BytesRead, f.Reads = w.src.taken()
	return f, nil
}

// noRegisters says why no NT_PRSTATUS was found.
func noRegisters(h *header, s *segments, set *noteSet) error {
	switch {
	case s.cut:
		return fail(ReasonTruncated, s.table.limit, "within the %d program headers", h.phnum)
	case set.cut:
		return fail(ReasonTruncated, s.table.limit, "within the notes")
	case set.broken >= 0:
		return fail(ReasonMalformed, set.broken, "a note is longer than its segment")
	case len(s.notes) == 0:
		return fail(ReasonNoRegisters, -1, "there is no PT_NOTE")
	case !set.counted:
		return fail(ReasonLimit, -1, "no NT_PRSTATUS in the notes that may be read")
	case set.threads > 0:
		return fail(ReasonMalformed, -1, "NT_PRSTATUS is too short for %v", h.machine)
	}
	return fail(ReasonNoRegisters, -1, "there is no NT_PRSTATUS")
}

// facts turns headers and notes into Facts.
func facts(h *header, l *layout, s *segments, set *noteSet) *Facts {
	f := &Facts{
		Machine: h.machine, Class: h.class, ByteOrder: h.order,
		Thread:      decodeThread(h, l, set.status),
		ThreadCount: set.threads, ThreadsComplete: set.counted && !set.cut && set.broken < 0,
		Files: set.files, HasFiles: set.hasFiles, FilesComplete: set.allFiles,
		Identity:     set.identity,
		Size:         -1,
		ExpectedSize: s.expected,
	}
	for _, n := range set.identity {
		switch n.Type {
		case ntPRPSInfo:
			f.Process = decodeProcess(h, n.Desc)
		case ntAuxv:
			f.Auxv = decodeAuxv(h, n.Desc)
		}
	}
	f.Producer = producer(set)
	f.Signal = decodeSignal(h, set.siginfo, set.cursig)
	if f.Producer == "gcore" && set.cursig == 0 {
		f.Signal = Signal{} // taken from a running process: nothing was delivered
	}
	return f
}

// producer tells who wrote the core: gdb starts with NT_PRPSINFO, the kernel
// and qemu-user with NT_PRSTATUS; qemu-user writes neither NT_SIGINFO nor
// floating-point registers (linux-user/elfload.c).
func producer(set *noteSet) string {
	switch {
	case set.gdb:
		return "gcore"
	case !set.kernel:
		return ""
	case set.siginfo == nil && !set.fpregs:
		return "qemu"
	}
	return "kernel"
}
