// Calls a virtual method of an object that is not one.
//
//   vcall object_null|vptr_null|vptr_noncanonical|slot_null|slot_heap|slot_unmapped
#include <cstdint>
#include "lab.h"

class Account {
public:
	virtual ~Account() = default;
	virtual int balance() { return 1; }
	long number = 7;
};

// Savings gives the virtual call a choice, so that it stays one.
class Savings : public Account {
public:
	int balance() override { return 2; }
};

// Teller keeps a stack frame with something in it around the virtual call.
class Teller {
public:
	KEEP int serve(Account *a)
	{
		volatile int fee = 2;
		touch(&fee);
		int b = a->balance();
		touch(&fee);
		return b + fee;
	}
};

namespace {

// with_slots gives an object whose virtual table holds target everywhere.
KEEP Account *with_slots(uintptr_t target)
{
	Account *object = new Savings;
	auto *table = static_cast<uintptr_t *>(std::malloc(8 * sizeof(uintptr_t)));
	for (int i = 0; i < 8; i++) table[i] = target;
	*reinterpret_cast<uintptr_t **>(object) = table;
	touch(object);
	return object;
}

KEEP Account *with_vptr(uintptr_t vptr)
{
	Account *object = new Savings;
	*reinterpret_cast<uintptr_t *>(object) = vptr;
	touch(object);
	return object;
}

Account *broken(const char *how)
{
	if (!strcmp(how, "object_null")) return nullptr;
	if (!strcmp(how, "vptr_null")) return with_vptr(0);
	if (!strcmp(how, "vptr_noncanonical")) return with_vptr(NONCANONICAL);
	if (!strcmp(how, "slot_null")) return with_slots(0);
	if (!strcmp(how, "slot_heap")) return with_slots(lab_target("heap", nullptr));
	if (!strcmp(how, "slot_unmapped")) return with_slots(UNMAPPED);
	std::exit(lab_usage(how));
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 2) return lab_usage("vcall: want an argument");
	Teller teller;
	return teller.serve(broken(argv[1]));
}
