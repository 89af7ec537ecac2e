package authserver

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var hidden = regexp.MustCompile(`name="request" value="([^"]*)"`)

// Visit does what a person does at an authorization URL of this package's
// server: it opens the page, presses a button ("allow" or "deny"), and returns
// the URL that the browser is sent back to. Where the server sends back without
// a page, it returns that.
func Visit(ctx context.Context, page, decision string) (string, error) {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		return "", err
	}
	shown, err := browser.Do(open)
	if err != nil {
		return "", err
	}
	defer shown.Body.Close()
	if back := shown.Header.Get("Location"); back != "" {
		return back, nil
	}
	body, err := io.ReadAll(io.LimitReader(shown.Body, 1<<20))
	if err != nil {
		return "", err
	}
	found := hidden.FindSubmatch(body)
	if found == nil {
		return "", fmt.Errorf("%s, and no form: %s", shown.Status, strings.TrimSpace(string(body)))
	}
	form := url.Values{"request": {html.UnescapeString(string(found[1]))}, "decision": {decision}}
	press, err := http.NewRequestWithContext(ctx, http.MethodPost, open.URL.ResolveReference(&url.URL{Path: DecidePath}).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	press.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := browser.Do(press)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	back := answer.Header.Get("Location")
	if back == "" {
		return "", errors.New("the decision was answered with " + answer.Status)
	}
	return back, nil
}
