package fault

import (
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A Link is a bad way to a server: a TCP proxy that delays what it carries, cuts
// connections after some bytes, and leaves others standing without a word. What
// happens to the nth connection follows from the seed.
type Link struct {
	// Address is where to connect to.
	Address string

	target   string
	seed     uint64
	longest  int // bytes that a connection may carry; 0 for any number
	listener net.Listener
	over     chan struct{}
	tasks    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	stats LinkStats
}

// LinkStats count connections, and what became of them.
type LinkStats struct{ Connections, Cut, Stalled int }

// What a Link does.
const (
	linkLatency  = 15 * time.Millisecond // at most, for each piece
	linkCutBytes = 1500                  // a cut is at most so far into a connection, in either direction
	linkStall    = time.Second           // before a connection that stalls goes on
)

// NewLink begins to carry connections to target, an address of TCP.
func NewLink(target string, seed uint64) (*Link, error) { return newLink(target, seed, 0) }

// NewFrailLink is NewLink for connections that are meant to last: each is cut at
// last, after at most 20,000 bytes in a direction.
func NewFrailLink(target string, seed uint64) (*Link, error) { return newLink(target, seed, 20_000) }

func newLink(target string, seed uint64, longest int) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Link{
		Address: listener.Addr().String(), target: target, seed: seed, longest: longest, listener: listener,
		over: make(chan struct{}), open: map[net.Conn]bool{},
	}
	l.tasks.Go(l.accept)
	return l, nil
}

// Stats returns what has happened so far.
func (l *Link) Stats() LinkStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Open counts the connections of clients that are open.
func (l *Link) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.open) / 2
}

// Close ends every connection and waits until all is over.
func (l *Link) Close() {
	close(l.over)
	_ = l.listener.Close()
	l.mu.Lock()
	for conn := range l.open {
		_ = conn.Close()
	}
	l.mu.Unlock()
	l.tasks.Wait()
}

func (l *Link) accept() {
	for n := uint64(0); ; n++ {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.tasks.Go(func() { l.carry(near, rand.New(rand.NewPCG(l.seed, n))) })
	}
}

// carry carries one connection: every fourth is cut soon, every sixteenth stalls.
func (l *Link) carry(near net.Conn, luck *rand.Rand) {
	defer near.Close()
	far, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !l.note(near, far) {
		return
	}
	defer l.forget(near, far)
	cut, stall := -1, -1
	if l.longest > 0 {
		cut = luck.IntN(l.longest)
	}
	switch fate := luck.IntN(16); {
	case fate < 4:
		cut = luck.IntN(linkCutBytes)
	case fate == 4:
		stall = luck.IntN(linkCutBytes)
	}
	up := &pipe{l, rand.New(rand.NewPCG(luck.Uint64(), 0)), cut, -1}
	down := &pipe{l, rand.New(rand.NewPCG(luck.Uint64(), 1)), cut, stall}
	var both sync.WaitGroup
	for _, way := range []func(){func() { up.carry(far, near) }, func() { down.carry(near, far) }} {
		both.Go(way)
	}
	both.Wait()
}

func (l *Link) note(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.over:
		return false
	default:
	}
	l.stats.Connections++
	for _, conn := range conns {
		l.open[conn] = true
	}
	return true
}

func (l *Link) forget(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range conns {
		delete(l.open, conn)
	}
}

func (l *Link) count(what *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*what++
}

// wait waits, and reports whether the link is still there.
func (l *Link) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.over:
		return false
	}
}

// A pipe is one direction of a connection. cut and stall say after how many bytes
// that happens; -1 for never.
type pipe struct {
	l          *Link
	luck       *rand.Rand
	cut, stall int
}

func (p *pipe) carry(to, from net.Conn) {
	// The other direction ends with this one: HTTP has no half of a connection.
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 1024)
	for carried := 0; ; {
		n, err := from.Read(buf)
		if n > 0 && !p.l.wait(time.Duration(p.luck.Int64N(int64(linkLatency)))) {
			return
		}
		if p.cut >= 0 && carried+n > p.cut {
			_, _ = to.Write(buf[:p.cut-carried]) // it is cut anyway
			p.l.count(&p.l.stats.Cut)
			return
		}
		if p.stall >= 0 && carried+n > p.stall {
			p.l.count(&p.l.stats.Stalled)
			p.stall = -1
			if !p.l.wait(linkStall) {
				return
			}
		}
		if _, werr := to.Write(buf[:n]); werr != nil {
			return
		}
		carried += n
		if err != nil {
			return
		}
	}
}
