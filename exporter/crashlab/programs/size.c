// Returns to 0 after growing: much memory, really written, or many mappings.
//
//   size memory BYTES     size mappings N
#include <errno.h>
#include <sys/mman.h>
#include "retaddr.h"

static char *reserve(size_t bytes, int protection)
{
	char *p = (char *)mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p != MAP_FAILED) return p;
	fprintf(stderr, "size: mmap %zu bytes: %s\n", bytes, strerror(errno));
	exit(1);
}

// memory fills every page with words that differ.
KEEP static void memory(size_t bytes)
{
	uint64_t *p = (uint64_t *)reserve(bytes, PROT_READ | PROT_WRITE);
	for (size_t i = 0; i < bytes / sizeof *p; i++) p[i] = i * UINT64_C(0x9e3779b97f4a7c15);
	touch(p);
}

// mappings makes n mappings by giving neighbouring pages different protections.
KEEP static void mappings(size_t n)
{
	const size_t page = 4096;
	char *p = reserve((n + 1) * page, PROT_NONE);
	for (size_t i = 0; i < n; i += 2) {
		if (mprotect(p + i * page, page, PROT_READ | PROT_WRITE)) {
			fprintf(stderr, "size: mapping %zu: %s (see vm.max_map_count)\n", i, strerror(errno));
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 3) return lab_usage("size: want two arguments");
	size_t n = (size_t)strtoull(argv[2], NULL, 0);
	if (!strcmp(argv[1], "memory")) memory(n);
	else if (!strcmp(argv[1], "mappings")) mappings(n);
	else return lab_usage(argv[1]);
	return_to(0);
	return 1;
}
