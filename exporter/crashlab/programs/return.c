// Returns to somewhere that is not the caller: only the saved return address
// is overwritten, as a wild write or a faulty memory cell would.
//
//   return to ADDRESS     return flip BIT     return smash BYTE
#include "retaddr.h"

// smash overruns a local array upward with one byte, return address included.
KEEP static void smash(int byte)
{
	static volatile char *p; // static, lest the loop overwrites its own state
	static volatile int i, fill;
	volatile char local[32];
	touch(local);
	p = local;
	fill = byte;
	for (i = 0; i < 96; i++) p[i] = (char)fill;
	touch(local);
}

KEEP static int deliver(const char *how, const char *what)
{
	volatile char stack[64];
	touch(stack);
	if (!strcmp(how, "to")) return_to(lab_target(what, stack));
	else if (!strcmp(how, "flip")) return_flipped((uintptr_t)1 << atoi(what));
	else if (!strcmp(how, "smash")) smash(atoi(what));
	else return lab_usage(how);
	touch(stack);
	return 1;
}

KEEP static int handle(const char *how, const char *what)
{
	volatile long work[2] = {7, 8};
	touch(work);
	int r = deliver(how, what);
	touch(work);
	return r;
}

int main(int argc, char **argv)
{
	if (argc < 3) return lab_usage("return: want two arguments");
	return handle(argv[1], argv[2]);
}
