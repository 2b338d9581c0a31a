// Finds the slot that holds the running function's return address, with or
// without a frame pointer, at every level of optimisation.
#ifndef CRASHLAB_RETADDR_H
#define CRASHLAB_RETADDR_H

#include "lab.h"

// RETURN_SLOT looks upward from local, a variable of the running function, for
// the return address. The key is kept inverted so that the search cannot find
// a spilled copy of it.
#define RETURN_SLOT(slot, local)                                                 \
	volatile uintptr_t *slot = (local);                                          \
	do {                                                                         \
		uintptr_t key = ~(uintptr_t)__builtin_return_address(0);                 \
		touch(&slot);                                                            \
		while (*slot != ~key) slot++;                                            \
	} while (0)

// return_to returns to v instead of to its caller.
KEEP static void return_to(uintptr_t v)
{
	volatile uintptr_t local[4] = {1, 2, 3, 4};
	touch(local);
	RETURN_SLOT(slot, local);
	*slot = v;
	touch(local);
}

// return_flipped returns to where it was called from with the bits of mask flipped.
__attribute__((unused)) KEEP static void return_flipped(uintptr_t mask)
{
	volatile uintptr_t local[4] = {1, 2, 3, 4};
	touch(local);
	RETURN_SLOT(slot, local);
	*slot ^= mask;
	touch(local);
}

#endif
