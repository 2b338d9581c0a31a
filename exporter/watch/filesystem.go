package watch

import "golang.org/x/sys/unix"

// Filesystems whose changes inotify does not (or not all) report, because they
// can be made elsewhere (linux/magic.h; statfs(2)).
var pollFilesystems = map[uint32]string{
	unix.NFS_SUPER_MAGIC:  "nfs",
	unix.SMB_SUPER_MAGIC:  "smb",
	unix.SMB2_SUPER_MAGIC: "smb2",
	unix.CIFS_SUPER_MAGIC: "cifs",
	unix.CEPH_SUPER_MAGIC: "ceph",
	unix.FUSE_SUPER_MAGIC: "fuse",
	unix.V9FS_MAGIC:       "9p",
	unix.AFS_SUPER_MAGIC:  "afs",
}

// pollReason names the filesystem of a directory when inotify cannot be relied
// on there, and is empty otherwise. Overlay filesystems are not listed: inotify
// sees what is written through the mount that is watched.
func pollReason(dir string) string {
	var st unix.Statfs_t
	if unix.Statfs(dir, &st) != nil {
		return ""
	}
	return pollFilesystems[uint32(st.Type)] //nolint:gosec // magics have 32 bits
}
