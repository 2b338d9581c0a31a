// Package coretest writes synthetic Linux core files for tests and fuzz seeds:
// any supported machine, class and byte order, notes at the front as the kernel
// writes them or at the end as gdb's gcore does, threads, mapped files,
// extended numbering, sparse files of many GiB, and places to poke hostile
// values into. It shares no code with the reader that it tests.
//
//	img := coretest.Must(coretest.Core{
//		Machine: elf.EM_X86_64,
//		Threads: []coretest.Thread{{ID: 7, Registers: map[string]uint64{"rip": 0, "rsp": 0x7ffe_0000}}},
//		Signal:  &coretest.Signal{Number: 11, Code: 1},
//		Segments: []coretest.Segment{
//			{Start: 0x7ffd_f000, Size: 0x2000, Flags: elf.PF_R | elf.PF_W, Data: stack},
//		},
//	})
//	facts, err := corefile.Read(img, img.Size(), corefile.Options{})
package coretest
