// Package corefile reads what a Linux ELF core file says about a crash from a
// bounded prefix and a few computed ranges, whatever the size of the file and
// however hostile its content. It knows ELF, the kernel's notes and signal
// frames; it does not know what a crash means (package classify does).
//
// # What is read
//
// The registers of a crash are near the start of the file, but how near
// depends on the number of mappings and threads; the stack is anywhere. Both
// places follow from what was read before:
//
//	 ELF header   program headers      notes                       memory
//	+-----------+---------------------+---------------------------+--------- - - - ---------+
//	| 64 bytes  | 56 bytes a mapping  | registers, signal, auxv,  | pages that the kernel   |
//	|           |                     | files; other threads      | chose to dump           |
//	+-----------+---------------------+---------------------------+--------- - - - ---------+
//	[1: 16 KiB, and more only where headers or notes are longer  ]    ^   ^         ^
//	[2: NT_PRSTATUS in the middle and at the end, to count threads]   |   |         |
//	 3: the executable's header page, for its build id ---------------+   |         |
//	 4: the header pages of the modules at pc and at return addresses, ---+         |
//	    and the text around them where it was dumped                                |
//	 5: 4 KiB of stack around sp, from 256 bytes below it --------------------------+
//
// An ordinary single-threaded core costs 2 to 8 reads and under 40 KiB, be it
// 500 KiB or 2.5 GiB long. Threads are not read one by one: a kernel writes
// their registers at even distances, so two reads count 2,000 of them. Where
// a crash handler raised the signal again, up to 64 KiB more of the stack are
// searched for the signal frame (24 KiB after an abort). After an abort, small
// windows of anonymous memory that the stack points to are captured too: they
// hold the library's last words.
//
// Compressed input (zstd, gzip, xz, lz4) and standard input are read once,
// forward: the pieces of interest are known before memory begins, and are
// caught as the stream passes. A compressed file is decompressed a second time
// when something of interest turned out to lie behind, as with gcore's notes,
// which stand at the end. A plain stream cannot: what has passed is unknown.
//
// # What is promised
//
// Nothing is allocated because a length field claims it. An uncompressed core
// costs less than 2 MiB of allocations whatever it holds: segments are kept in
// 16 bytes each, of more than 98,304 those that the registers point to; of
// more than 4,096 file mappings the executable ones. Decoders are bounded by
// [Options], in window, output, input and time.
//
// Absent memory is unknown, never zero. A file that is cut short is
// [Facts].Truncated if the registers are there, and an [Error] with
// [ReasonTruncated] if not; one that contradicts itself is [ReasonMalformed].
//
// Facts and their Memory may be read by several goroutines at once. They hold
// stack contents, addresses and command-line arguments (in Identity), which
// must not leave the node.
package corefile
