package watch

import "golang.org/x/sys/unix"

// filesystem is one whose changes inotify does not, or not all, report.
type filesystem struct {
	name string
	// partly is true when inotify reports what is changed through the mount
	// that is watched, so that polling only finds the rest.
	partly bool
}

// Filesystems that are polled, because they can be changed elsewhere
// (linux/magic.h; statfs(2)). What is written to the layers of an overlay from
// outside of it is not reported.
var polledFilesystems = map[uint32]filesystem{
	unix.NFS_SUPER_MAGIC:       {name: "nfs"},
	unix.SMB_SUPER_MAGIC:       {name: "smb"},
	unix.SMB2_SUPER_MAGIC:      {name: "smb2"},
	unix.CIFS_SUPER_MAGIC:      {name: "cifs"},
	unix.CEPH_SUPER_MAGIC:      {name: "ceph"},
	unix.FUSE_SUPER_MAGIC:      {name: "fuse"},
	unix.V9FS_MAGIC:            {name: "9p"},
	unix.AFS_SUPER_MAGIC:       {name: "afs"},
	unix.OVERLAYFS_SUPER_MAGIC: {name: "overlay", partly: true},
}

// filesystemOf names the filesystem of a directory when inotify cannot be relied
// on there; the zero value says that it can.
func filesystemOf(dir string) filesystem {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return filesystem{}
	}
	return polledFilesystems[uint32(st.Type)] //nolint:gosec // magics have 32 bits
}
