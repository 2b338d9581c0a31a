// Reads or writes through a bad pointer.
//
//   access read|write|field ADDRESS     access write text
#include "lab.h"

struct order {
	char name[280];
	int amount;
};

KEEP static int read_it(volatile int *p) { return *p; }
KEEP static int field_of(volatile struct order *o) { return o->amount; }

KEEP static int write_it(volatile int *p)
{
	*p = 7;
	return *p;
}

KEEP static int work(const char *how, uintptr_t at)
{
	volatile int r = 0;
	if (!strcmp(how, "read")) r = read_it((volatile int *)at);
	else if (!strcmp(how, "write")) r = write_it((volatile int *)at);
	else if (!strcmp(how, "field")) r = field_of((volatile struct order *)at);
	else return lab_usage(how);
	touch(&r);
	return r;
}

int main(int argc, char **argv)
{
	volatile char stack[64];
	touch(stack);
	if (argc < 3) return lab_usage("access: want two arguments");
	if (!strcmp(argv[2], "text")) return work(argv[1], (uintptr_t)&work);
#if UINTPTR_MAX > 0xffffffffu
	if (!strcmp(argv[2], "kernel")) return work(argv[1], (uintptr_t)0xffff800000001000);
#else
	if (!strcmp(argv[2], "kernel")) return work(argv[1], (uintptr_t)0xc0001000);
#endif
	return work(argv[1], lab_target(argv[2], stack));
}
