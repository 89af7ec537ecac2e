package host

import (
	"embed"
	"errors"
	"strings"
	"testing"
)

func TestPluginMissing(t *testing.T) {
	built := guestFiles
	defer func() { guestFiles = built }()
	guestFiles = embed.FS{}
	_, err := Open(t.Context(), Options{})
	if !errors.Is(err, &Error{Code: CodePluginMissing}) || !strings.Contains(err.Error(), "build.sh") {
		t.Errorf("got %v", err)
	}
}

func TestPluginIsThere(t *testing.T) {
	wasm, err := pluginWasm()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(wasm), "\x00asm") {
		t.Error("host/guest/remora-plugin.wasm is not WebAssembly")
	}
}
