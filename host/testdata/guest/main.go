//go:build wasip1

// Command guest is a plugin for tests: it keeps to the contract of step, and
// does on demand what the real plugin never should. Every call frame is
// answered; its command says how.
package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Kinds of frames, as internal/wire numbers them.
const (
	hello     = 1
	call      = 2
	coreHello = 64
	done      = 65
	idle      = 75
)

var kept [][]byte

//go:wasmexport step
func step() int32 {
	var prefix [4]byte
	if _, err := io.ReadFull(os.Stdin, prefix[:]); err != nil {
		return 1
	}
	in := make([]byte, binary.LittleEndian.Uint32(prefix[:]))
	if _, err := io.ReadFull(os.Stdin, in); err != nil {
		return 1
	}
	var out []byte
	for len(in) > 0 {
		headerLen, payloadLen := binary.LittleEndian.Uint32(in), binary.LittleEndian.Uint32(in[4:])
		id, kind := binary.LittleEndian.Uint32(in[8:]), in[12]
		header := in[16 : 16+headerLen]
		in = in[16+headerLen+payloadLen:]
		switch kind {
		case hello:
			out = frame(out, coreHello, 0, `{"abi":[1,0],"name":"test guest"}`, "")
		case call:
			var h struct{ Command string }
			if json.Unmarshal(header, &h) != nil {
				return 1
			}
			out = frame(out, done, id, "", answer(h.Command))
		}
	}
	out = frame(out, idle, 0, `{"open":0,"wakeMs":null}`, "")
	os.Stdout.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(out))))
	os.Stdout.Write(out)
	return 0
}

func answer(command string) string {
	switch command {
	case "connect":
		return `{"session":1,"protocolVersion":"2026-07-28"}`
	case "trap":
		var nothing *int
		*nothing = 1
	case "exit":
		os.Exit(0)
	case "exit1":
		os.Exit(1)
	case "loop":
		for {
		}
	case "random":
		var b [16]byte
		rand.Read(b[:])
		return fmt.Sprintf("%x", b)
	case "now":
		return time.Now().UTC().Format(time.RFC3339)
	case "sleep":
		begin := time.Now()
		time.Sleep(30 * time.Millisecond)
		return time.Since(begin).String()
	case "environment":
		_, err := os.ReadDir("/")
		return fmt.Sprint(len(os.Environ()), len(os.Args) > 1, err == nil)
	case "grow":
		b := make([]byte, 8<<20)
		for i := range b {
			b[i] = 1
		}
		kept = append(kept, b)
	case "shout":
		os.Stdout.WriteString("more than was said")
	}
	return "{}"
}

func frame(b []byte, kind byte, id uint32, header, payload string) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(b, kind, 0, 0, 0)
	return append(append(b, header...), payload...)
}

func main() {}
