package retain

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// asidePrefix begins the names of files that are about to go. The watcher passes
// over names with ".#".
const asidePrefix = ".#epicurve-deleting-"

// errChanged says that a name no longer leads to the file that was examined.
var errChanged = errors.New("another file has taken its name meanwhile")

// remove deletes a file that was examined. It is renamed aside first, because
// between a look at a name and its removal another file can take it: a new core
// of the same name, or whatever the owner of the directory puts there.
func (d *directory) remove(c core) error {
	if strings.HasPrefix(c.name, asidePrefix) { // left by a process that was killed in between
		return d.unlink(c.name)
	}
	aside := asidePrefix + randomHex()
	err := unix.Renameat2(d.fd(), c.name, d.fd(), aside, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // such as NFS
		return d.removeByName(c)
	}
	if err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	if now, err := d.stat(aside); err != nil || !now.same(c) {
		return d.putBack(aside, c.name)
	}
	return d.unlink(aside)
}

// same compares what a renaming leaves as it was.
func (c core) same(examined core) bool {
	a, b := c.id, examined.id
	a.Change, b.Change = 0, 0
	return a == b && c.links == 1
}

func (d *directory) removeByName(c core) error {
	now, err := d.stat(c.name)
	if err != nil || now.id != c.id || now.links != 1 {
		return errChanged
	}
	return d.unlink(c.name)
}

func (d *directory) unlink(name string) error {
	if err := unix.Unlinkat(d.fd(), name, 0); err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	return nil
}

// putBack gives a file that is not the one that was examined its name again; if
// that is taken by now, a name beside it.
func (d *directory) putBack(aside, name string) error {
	err := unix.Renameat2(d.fd(), aside, d.fd(), name, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EEXIST) {
		name += "." + randomHex()
		err = unix.Renameat2(d.fd(), aside, d.fd(), name, unix.RENAME_NOREPLACE)
	}
	if err != nil {
		return fmt.Errorf("%w, and is now called %q: %w", errChanged, aside, err)
	}
	return fmt.Errorf("%w; it is still there as %q", errChanged, name)
}

func randomHex() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
