// Ends a C++ program through std::terminate.
//
//   throw uncaught|noexcept|destructor|rethrow|pure_virtual
#include <stdexcept>
#include "lab.h"

namespace {

KEEP void thrower() { throw std::runtime_error("from the crash lab"); }

KEEP void promised() noexcept { thrower(); }

struct Guard {
	~Guard() noexcept(false) { throw std::logic_error("in a destructor"); }
};

KEEP void in_destructor()
{
	Guard guard;
	thrower();
}

KEEP void rethrow() { throw; }

struct Shape {
	Shape() { describe(); }
	virtual ~Shape() = default;
	void describe() { area(); }
	virtual double area() = 0;
};

struct Square : Shape {
	double area() override { return 4; }
};

KEEP void pure_virtual()
{
	Square square;
	touch(&square);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 2) return lab_usage("throw: want an argument");
	if (!strcmp(argv[1], "uncaught")) thrower();
	if (!strcmp(argv[1], "noexcept")) promised();
	if (!strcmp(argv[1], "destructor")) in_destructor();
	if (!strcmp(argv[1], "rethrow")) rethrow();
	if (!strcmp(argv[1], "pure_virtual")) pure_virtual();
	return lab_usage(argv[1]);
}
