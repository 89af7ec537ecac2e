package wire

import "fmt"

// A Kind says what a frame is. Kinds below 64 go from the embedder to the
// core, the others from the core to the embedder.
type Kind uint8

// From the embedder to the core.
const (
	KindHello       Kind = 1
	KindCall        Kind = 2
	KindCancel      Kind = 3
	KindReply       Kind = 4
	KindHTTPHead    Kind = 5
	KindHTTPData    Kind = 6
	KindHTTPEnd     Kind = 7
	KindHTTPError   Kind = 8
	KindChanOpened  Kind = 9
	KindChanMessage Kind = 10
	KindChanClosed  Kind = 11
	KindTick        Kind = 12
)

// From the core to the embedder.
const (
	KindCoreHello Kind = 64
	KindDone      Kind = 65
	KindAsk       Kind = 66
	KindAskCancel Kind = 67
	KindTell      Kind = 68
	KindHTTPStart Kind = 69
	KindHTTPMore  Kind = 70
	KindHTTPAbort Kind = 71
	KindChanOpen  Kind = 72
	KindChanSend  Kind = 73
	KindChanClose Kind = 74
	KindIdle      Kind = 75
	KindFault     Kind = 76
	KindChanMore  Kind = 77
)

// String returns the kind's name on the wire ("http.head"), or "kind N" for
// one that this version does not know.
func (k Kind) String() string {
	for _, row := range Kinds {
		if row.Kind == k {
			return row.Name
		}
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// ToCore reports whether frames of this kind travel from the embedder to the
// core.
func (k Kind) ToCore() bool { return k < KindCoreHello }
