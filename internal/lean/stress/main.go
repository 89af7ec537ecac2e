// Command stress uses all that the runtime reads its function tables for: stacks
// that grow and are scanned for pointers, calls that are deferred, panics and
// recover, wrappers, functions that reflect makes, and walks over a stack. It
// prints what came out as JSON, which is the same for every build of it.
//
//	stress          does all of it
//	stress panic    fails in a goroutine, below inlined and generic functions
//	stress nil      fails by reading through a nil pointer
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

func main() {
	if len(os.Args) > 1 {
		fail(os.Args[1])
	}
	outcomes := map[string]string{}
	for name, do := range works {
		outcomes[name] = do()
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}

var works = map[string]func() string{
	"deep":                 func() string { return fmt.Sprint(deep(2000, &node{value: 1})) },
	"goroutines":           goroutines,
	"callers":              callers,
	"stack":                func() string { return fmt.Sprint(strings.Contains(string(debug.Stack()), "main.main(")) },
	"reflect.MakeFunc":     makeFunc,
	"reflect method value": methodValue,
	"finalizer":            finalizer,
	"range over a function": func() string {
		var out []int
		func() {
			for i := range numbers {
				defer func() { out = append(out, i) }()
			}
		}()
		return fmt.Sprint(out)
	},
	"wrapper of nil": func() string { return caught(func() { values.Interface().(doer).do() }) },
	"nil pointer":    func() string { return caught(func() { fmt.Fprint(os.Stderr, nothing.value) }) },
	"index":          func() string { return caught(func() { fmt.Fprint(os.Stderr, []int{1}[len(os.Args)+7]) }) },
	"slice":          func() string { return caught(func() { fmt.Fprint(os.Stderr, []int{1}[len(os.Args)+7:]) }) },
	"division":       func() string { return caught(func() { fmt.Fprint(os.Stderr, 1/nothing.depth()) }) },
	"nil map":        func() string { return caught(func() { noMap[os.Args[0]] = 1 }) },
	"assertion":      func() string { return caught(func() { fmt.Fprint(os.Stderr, any(os.Args).(error)) }) },
	"panic again": func() string {
		return caught(func() {
			defer func() { panic(fmt.Sprint(recover(), " and again")) }()
			panic("once")
		})
	},
	"Goexit": func() string {
		done := make(chan string)
		go func() {
			defer func() { done <- fmt.Sprint(recover()) }()
			runtime.Goexit()
		}()
		return <-done
	},

	// recover works in the deferred function, but not below it, wherever that one
	// is inlined.
	"recover":                   func() string { return recovered(func() { defer catch(1); panic("in") }) },
	"recover in a method":       func() string { return recovered(func() { defer some.catch(); panic("in") }) },
	"recover below":             func() string { return recovered(func() { defer below(1); panic("in") }) },
	"recover below a method":    func() string { return recovered(func() { defer some.do(); panic("in") }) },
	"recover below a wrapper":   func() string { return recovered(func() { defer doers[0].do(); panic("in") }) },
	"recover below a generic":   func() string { return recovered(func() { defer belowAny(1); panic("in") }) },
	"recover below an embedded": func() string { return recovered(func() { defer doers[1].do(); panic("in") }) },
	"recover itself":            func() string { return recovered(func() { defer recover(); panic("in") }) },
	"recover in a loop": func() string {
		return recovered(func() {
			for i := range 3 {
				defer catch(i)
			}
			panic("in")
		})
	},
}

type node struct {
	next  *node
	value int
	dead  [10]uintptr
}

var (
	nothing *node
	noMap   map[string]int
)

// depth is how many nodes come from n on.
func (n *node) depth() int {
	if n == nil {
		return 0
	}
	return n.next.depth() + 1
}

// deep recurses with pointers on the stack only, and collects garbage on the way.
//
//go:noinline
func deep(n int, last *node) int {
	if n == 0 {
		runtime.GC()
		return last.value
	}
	own := &node{next: last, value: last.value + 1}
	if n%500 == 0 {
		runtime.GC()
	}
	defer func() { own.dead[0]++ }()
	sum := deep(n-1, own)
	if own.next != last || own.value != last.value+1 {
		panic("a pointer on the stack was lost")
	}
	return sum + own.value%2
}

// goroutines fail and recover at once, while garbage is made and collected.
func goroutines() string {
	var wait sync.WaitGroup
	counts := make([]int, 16)
	for g := range counts {
		wait.Go(func() {
			for i := range 40 {
				text := caught(func() { descend(i*5, func() { panic(errors.New(strings.Repeat("x", i))) }) })
				if text == strings.Repeat("x", i) {
					counts[g]++
				}
				if i%10 == 0 {
					runtime.GC()
				}
				runtime.Gosched()
			}
		})
	}
	wait.Wait()
	return fmt.Sprint(counts)
}

//go:noinline
func descend(n int, then func()) {
	kept := make([]*int, 4)
	kept[n%4] = &n
	defer func() {
		if *kept[n%4] != n {
			panic("a pointer on the stack was lost")
		}
	}()
	if n == 0 {
		then()
		return
	}
	descend(n-1, then)
}

// caught is what f panics with.
func caught(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return "nothing"
}

// callers is the function that called it, however it is asked.
//
//go:noinline
func callers() string {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(0, pcs)
	last := ""
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if f.Function == "main.main" {
			last = f.Function
		}
		if !more {
			break
		}
	}
	pc, _, _, ok := runtime.Caller(0)
	return fmt.Sprint(last, " ", runtime.FuncForPC(pc).Name(), " ", ok)
}

// makeFunc collects garbage while only the arguments of a function that reflect
// made hold something.
func makeFunc() string {
	swap := func(in []reflect.Value) []reflect.Value {
		runtime.GC()
		return []reflect.Value{in[1], in[0]}
	}
	var f func(a, b *node) (*node, *node)
	f = reflect.MakeFunc(reflect.TypeOf(f), swap).Interface().(func(a, b *node) (*node, *node))
	a, b := f(&node{value: 1}, &node{value: 2})
	runtime.GC()
	return fmt.Sprint(a.value, b.value)
}

func (n *node) Add(other *node) *node {
	runtime.GC()
	return &node{value: n.value + other.value}
}

func methodValue() string {
	add := reflect.ValueOf(&node{value: 3}).MethodByName("Add").Interface().(func(*node) *node)
	return fmt.Sprint(add(&node{value: 4}).value)
}

func finalizer() string {
	done := make(chan int, 1)
	func() {
		n := &node{value: 5}
		runtime.SetFinalizer(n, func(n *node) { done <- n.value })
	}()
	for {
		runtime.GC()
		select {
		case v := <-done:
			return fmt.Sprint(v)
		default:
			runtime.Gosched()
		}
	}
}

func numbers(yield func(int) bool) {
	for i := 0; i < 3 && yield(i); i++ {
	}
}

type doer interface{ do() }

type value struct{ n int }

// do is small enough to be inlined into the wrapper for pointers.
func (v value) do() { below(v.n) }

func (v value) catch() { caughtBelow = fmt.Sprint(recover()) }

type embeds struct{ doer }

var (
	some   value
	doers  = []doer{&some, embeds{&some}}
	values = reflect.Zero(reflect.TypeFor[*value]())

	caughtBelow string
)

// recovered says where f's panic was recovered.
func recovered(f func()) string {
	caughtBelow = "nothing"
	return "outside: " + caught(f) + ", inside: " + caughtBelow
}

//go:noinline
func catch(int) {
	if r := recover(); r != nil {
		caughtBelow = fmt.Sprint(r)
	}
}

func below(n int) { catch(n) }

func belowAny[T any](T) { catch(0) }

func fail(how string) {
	switch how {
	case "panic":
		go inline(os.Args)
		select {}
	case "nil":
		read(nothing)
	}
}

func inline(list []string) { generic(list, len(list)) }

//go:noinline
func generic[T any](list []T, n int) {
	each(list, func(T) {
		if n > 0 {
			panic("failed below")
		}
	})
}

func each[T any](list []T, do func(T)) {
	for _, v := range list {
		do(v)
	}
}

//go:noinline
func read(n *node) int {
	v := 1

	return v + n.value
}
