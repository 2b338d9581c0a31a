package classify

import (
	"fmt"
	"strings"
)

// Markdown prints the rules as docs/rules.md has them.
func Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Rules of the classifier

<!-- Generated from pkg/classify; do not edit. Regenerate: go generate ./pkg/classify -->

Version %d. The rules are tried in this order; the first that applies decides. Each names what it rests on. A change
that can give an old core another class, kind or signature raises the version
([decision 7](adr/0007-signature-versioning.md)).

A finding is **certain** when the evidence admits no other reading, **likely** when another reading is possible but
contrived, and **ambiguous** when the evidence does not settle it; then the other readings are among its reasons.
No ambiguous finding is of class return_to_null.

## How control came to a pc that is not code

| x86-64 | sp mod 16 | word at sp-8 | word at sp |
| --- | --- | --- | --- |
| return to X | 0 | equals pc | usually data |
| misaligned return | 8 | equals pc | a true return address |
| call of X | 8 | equals pc only by chance | text after an indirect call |
| tail jump to X | 8 | by chance | text, usually after a direct call |

A return to a non-canonical address faults at the return: pc in text, SI_KERNEL, address 0, the bogus word still at sp;
sp mod 16 is 8 when healthy, 0 when sp is off. sp mod 16 = 8 is normal inside text. On i386 a return leaves 0 and a call
12. Machines with a link register pop nothing: a return to null is pc = lr = 0, a call or jump through null leaves an
address of text in lr.

## The rules

| order | rule | kinds | decides |
| --- | --- | --- | --- |
`, Version)
	rules := Rules()
	for i, r := range rules {
		fmt.Fprintf(&b, "| %d | [%s](#%s) | %s | %s |\n", i+1, r.Name, r.Name, r.kindList(), r.Decides)
	}
	for _, r := range rules {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\nKinds: %s.\n\nEvidence: %s\n\nRests on:\n\n", r.Name, r.Decides, r.kindList(), r.Evidence)
		for _, basis := range r.Basis {
			fmt.Fprintf(&b, "- %s\n", basis)
		}
	}
	b.WriteString(markdownTail)
	return b.String()
}

// kindList prints the kinds that a rule can give.
func (r Rule) kindList() string {
	names := make([]string, len(r.Kinds))
	for i, k := range r.Kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

const markdownTail = `
## Crashes known from logs only

A line of the kernel log gives a program counter, a stack pointer and a signal. The same rules apply to these, as to a
core whose stack was not dumped; nothing is certain then but out_of_memory.

## Hardware suspects

Evidence to hold against other crashes of the same host, never an accusation:

- The bad address, one flipped bit away, is text or usable memory. The share of mapped addresses among those that differ
  in the same and lower bits is measured; above 1 in 100 nothing is said. Tagged pointers can look alike.
- sp is off by a word while the stack is intact: the true return address is the next word, or the caller's stack frame
  is aligned. Compiled code moves sp by constants; hand-written assembly, context switches in user space, debuggers and
  the processor remain.
- The faulting address is none that the operands of the instruction at pc give (text needed).
- The instruction at pc can't raise the signal that it raised (text needed).
- The kernel reports a memory error (BUS_MCEERR_AR, BUS_MCEERR_AO).

## Signatures

- Control flow corrupt (return_to_null, misaligned_stack, bad_return, return_to_nonexec): kind and executable. The place
  is incidental; the first believable caller is the dimension crash.caller.
- Otherwise kind and place: module!function+offset where a symbol is at hand, module+offset and the build id where not.
  The place is pc; for bad calls and jumps the return address; for aborts the first caller outside of the C and C++
  runtime; for recursion the lowest return address that repeats.
- No signature holds an address, a host, a process id or a time.
`
