//go:build unix

package host

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkOwner refuses a folder that belongs to another user.
func checkOwner(path string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", path)
	}
	return nil
}

// checkParent refuses a folder in which another user could replace ours: one
// that is somebody else's (except the system's), or open to others without the
// sticky bit.
func checkParent(path string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", path)
	}
	if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("%s can be written to by other users", path)
	}
	return nil
}

// private reports whether only the owner can enter, read and write the folder.
func private(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }
