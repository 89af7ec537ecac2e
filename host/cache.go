package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// cacheFolder returns a folder for compiled plugins that only this user can
// read and write, making it if it is not there. What lies in it is executed, so
// a folder that somebody else may have written to is not used: one that is ours
// but open to others is emptied and made anew, anything else is refused with an
// error.
//
// base is Options.CacheDir; empty selects "remora" in the user's cache folder.
func cacheFolder(base string) (string, error) {
	if base == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(user, "remora")
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", err
	}
	info, err := os.Stat(base)
	if err != nil {
		return "", err
	}
	if err := checkParent(base, info); err != nil {
		return "", err
	}

	dir := filepath.Join(base, "compiled")
	for range 2 {
		err := os.Mkdir(dir, 0o700)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		info, err := os.Lstat(dir)
		if err != nil {
			return "", err
		}
		if !info.IsDir() {
			return "", fmt.Errorf("%s is not a folder", dir)
		}
		if err := checkOwner(dir, info); err != nil {
			return "", err
		}
		if private(info) {
			return dir, nil
		}
		// Ours, but others could write to it: what it holds cannot be trusted.
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s is being changed by another program", dir)
}
