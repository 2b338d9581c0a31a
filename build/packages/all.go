package packages

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"

	"github.com/epicurve/epicurve/build/binaries"
)

// crossARM64 are Debian's compilers for arm64 (packages gcc-aarch64-linux-gnu
// and g++-aarch64-linux-gnu).
var crossARM64 = binaries.Cross{CC: "aarch64-linux-gnu-gcc", CXX: "aarch64-linux-gnu-g++"}

// All makes the packages that this machine can make, into dir, and says which it
// can't.
func All(ctx context.Context, root, dir string, log io.Writer) (made []string, err error) {
	for _, c := range plan(root, dir, log) {
		paths, err := Build(ctx, c)
		made = append(made, paths...)
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

// plan lists what is to be built. The exporter is pure Go and is built for both
// architectures anywhere; the archive needs a C++ compiler for the other one.
func plan(root, dir string, log io.Writer) []Config {
	all := []Config{{Program: binaries.Exporter, Arch: "amd64"}, {Program: binaries.Exporter, Arch: "arm64"}, {Program: binaries.Archive, Arch: runtime.GOARCH}}
	if runtime.GOARCH == "amd64" {
		if installed(crossARM64) {
			all = append(all, Config{Program: binaries.Archive, Arch: "arm64", Compiler: crossARM64})
		} else {
			fmt.Fprintf(log, "left out: the archive for arm64; it needs %s and %s (apt-get install gcc-aarch64-linux-gnu g++-aarch64-linux-gnu)\n", crossARM64.CC, crossARM64.CXX)
		}
	}
	for i := range all {
		all[i].Root, all[i].Dir, all[i].Log = root, dir, log
	}
	return all
}

func installed(c binaries.Cross) bool {
	for _, name := range []string{c.CC, c.CXX} {
		if _, err := exec.LookPath(name); err != nil {
			return false
		}
	}
	return true
}
