// Command person is a browser whose person allows what the demo's authorization
// server asks: it visits the page that is its argument, and what that leads to.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/remora-mcp/remora/cmd/remora/demoserver/authserver"
)

func main() {
	if err := visit(os.Args[len(os.Args)-1]); err != nil {
		fmt.Fprintln(os.Stderr, "person:", err)
		os.Exit(1)
	}
}

func visit(page string) error {
	back, err := authserver.Visit(context.Background(), page, "allow")
	if err != nil {
		return err
	}
	answer, err := http.Get(back)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
