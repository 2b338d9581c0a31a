// Shared by the crash programs: keeps the compiler from seeing through them.
#ifndef CRASHLAB_LAB_H
#define CRASHLAB_LAB_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// KEEP: the function stays a function, with a stack frame of its own.
#define KEEP __attribute__((noinline, noclone))

// Addresses a corrupt pointer may hold.
#define SMALL ((uintptr_t)0x2a)
#if UINTPTR_MAX > 0xffffffffu
#define UNMAPPED ((uintptr_t)0x123456789000)
#define NONCANONICAL ((uintptr_t)0x4141414141414141)
#else
#define UNMAPPED ((uintptr_t)0x12345000)
#define NONCANONICAL ((uintptr_t)0x41414141)
#endif

static const char lab_rodata[64] __attribute__((unused, aligned(16))) = "a constant, not code";

// touch makes the compiler believe that p escapes and its target changes.
static inline void touch(volatile void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

// lab_target turns the name of an address into the address.
static inline uintptr_t lab_target(const char *name, volatile void *stack)
{
	if (!strcmp(name, "null")) return 0;
	if (!strcmp(name, "small")) return SMALL;
	if (!strcmp(name, "unmapped")) return UNMAPPED;
	if (!strcmp(name, "noncanonical")) return NONCANONICAL;
	if (!strcmp(name, "rodata")) return (uintptr_t)lab_rodata;
	if (!strcmp(name, "stack")) return (uintptr_t)stack;
	if (!strcmp(name, "heap")) {
		char *p = (char *)malloc(64);
		memset(p, 0xcc, 64);
		return (uintptr_t)p;
	}
	fprintf(stderr, "no such address: %s\n", name);
	exit(64);
}

// lab_usage ends a program that was asked for something it does not know.
static inline int lab_usage(const char *what)
{
	fprintf(stderr, "no such crash: %s\n", what);
	return 64;
}

#endif
