// Ends itself through abort, directly or because the C library found trouble.
//
//   abort abort|assert|double_free|heap_overflow|stack_protector|fortify
#include <assert.h>
#include "lab.h"

KEEP static void double_free(void)
{
	char *volatile p = (char *)malloc(40);
	free(p);
	free(p);
}

KEEP static void heap_overflow(void)
{
	char *volatile p = (char *)malloc(2000);
	char *volatile q = (char *)malloc(2000);
	volatile size_t n = 2032; // runs over the header of q
	memset(p, 0x41, n);
	free(q);
	free(p);
	touch(malloc(3000));
}

// overrun is only found when compiled with -fstack-protector-all.
KEEP static void overrun(void)
{
	static volatile char *p; // static, lest the loop overwrites its own state
	static volatile int i;
	volatile char local[16];
	p = local;
	for (i = 0; i < 40; i++) p[i] = 'A';
	touch(local);
}

// fortify is only found when compiled with -O2 -D_FORTIFY_SOURCE=2.
KEEP static void fortify(const char *text)
{
	char local[8];
	strcpy(local, text);
	touch(local);
}

KEEP static int end(const char *how)
{
	volatile int zero = 0;
	if (!strcmp(how, "abort")) abort();
	else if (!strcmp(how, "assert")) assert(zero == 1);
	else if (!strcmp(how, "double_free")) double_free();
	else if (!strcmp(how, "heap_overflow")) heap_overflow();
	else if (!strcmp(how, "stack_protector")) overrun();
	else if (!strcmp(how, "fortify")) fortify("longer than the array it is copied to");
	else return lab_usage(how);
	touch(&zero);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc < 2) return lab_usage("abort: want an argument");
	return end(argv[1]);
}
