//go:build js && wasm

// Command failing is a core that fails on purpose, for the tests of what its
// embedder does then. It answers hello and connect; of the other commands
// listTools panics, ping ends the program, callTool is never answered, the rest is,
// with {}. The parameters of connect come back as the server's instructions.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"unsafe"

	_ "syscall/js" // Go's glue needs its functions linked
)

//go:wasmimport remora send
func send(ptr unsafe.Pointer, n uint32)

var (
	buffer   []byte
	sessions int
)

//go:wasmexport remora_alloc
func alloc(n uint32) uint32 {
	buffer = make([]byte, n)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(buffer))))
}

//go:wasmexport remora_recv
func recv(_, n uint32) {
	for batch := buffer[:n]; len(batch) > 0; {
		header := binary.LittleEndian.Uint32(batch)
		end := 16 + header + binary.LittleEndian.Uint32(batch[4:])
		id, kind := binary.LittleEndian.Uint32(batch[8:]), batch[12]
		go take(kind, id, append([]byte(nil), batch[16:16+header]...), string(batch[16+header:end]))
		batch = batch[end:]
	}
}

func take(kind byte, id uint32, header []byte, payload string) {
	switch kind {
	case 1:
		answer(64, 0, `{"abi":[1,0],"name":"failing","version":"0"}`, "")
	case 2:
		var call struct{ Command string }
		if err := json.Unmarshal(header, &call); err != nil {
			panic(err)
		}
		switch call.Command {
		case "connect":
			sessions++
			answer(68, id, fmt.Sprintf(`{"event":"state","session":%d}`, sessions), `{"state":"connecting"}`)
			answer(65, id, `{}`, fmt.Sprintf(`{"session":%d,"protocolVersion":"none","instructions":%q}`, sessions, payload))
		case "listTools":
			panic("a test: https://h.example/?canary")
		case "ping":
			os.Exit(3)
		case "callTool":
		default:
			answer(65, id, `{}`, `{}`)
		}
	}
}

func answer(kind byte, id uint32, header, payload string) {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(header)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(b, kind, 0, 0, 0)
	b = append(append(b, header...), payload...)
	send(unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)))
}

func main() { select {} }
