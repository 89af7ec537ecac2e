package host

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/remora-mcp/remora/internal/wire"
)

// authAskRows has one row for each question that authorization asks: its name on
// the wire, whether it can be answered, and what answers it.
var authAskRows = []struct {
	name   string
	has    func(*authorization) bool
	answer func(context.Context, *authorization, []byte) (any, error)
}{
	{"assert", func(a *authorization) bool { return a.opts.Assert != nil }, answerAssert},
	{"authorize", func(a *authorization) bool { return a.opts.Authorize != nil }, answerAuthorize},
	{"sign", func(a *authorization) bool { return a.key != nil || a.dpop != nil }, answerSign},
	{"store", func(*authorization) bool { return true }, answerStore},
}

// names returns the questions that can be answered; none without Auth.
func (a *authorization) names() []string {
	if a == nil {
		return nil
	}
	var names []string
	for _, row := range authAskRows {
		if row.has(a) {
			names = append(names, row.name)
		}
	}
	return names
}

// answerer returns what answers a question of that kind; nil if nothing does.
func (a *authorization) answerer(kind string) func(context.Context, []byte) (any, error) {
	if a == nil {
		return nil
	}
	for _, row := range authAskRows {
		if row.name == kind && row.has(a) {
			return func(ctx context.Context, params []byte) (any, error) { return row.answer(ctx, a, params) }
		}
	}
	return nil
}

// isAuthAsk reports whether a question is one of authorization. Several calls may
// wait for its answer: it does not end with the call that it came up in.
func isAuthAsk(kind string) bool {
	for _, row := range authAskRows {
		if row.name == kind {
			return true
		}
	}
	return false
}

// unreadable is a question of the core's that does not decode.
func unreadable(kind string, err error) *Error {
	return &Error{Code: CodeLocalBadFrame, Message: "the plugin's question " + kind + " cannot be read", Sent: SentNo, cause: err}
}

func badAnswer(kind, what string) *Error {
	return failure(CodeLocalBadArgument, "the %s handler returned %s", kind, what)
}

// answerAuthorize has a person visit a page. What comes back has to be where the
// person was to come back to.
func answerAuthorize(ctx context.Context, a *authorization, raw []byte) (any, error) {
	var q wire.Authorize
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, unreadable("authorize", err)
	}
	page, err := url.Parse(q.URL)
	if err != nil || !isPrintable(q.URL) || page.User != nil || page.Scheme != "https" && (page.Scheme != "http" || !isLoopbackHost(page.Hostname())) {
		return nil, failure(CodePolicyOrigin, "the page that a person is to visit is neither of https nor on loopback")
	}
	a.hide(page.Query().Get("state"))
	back, err := a.opts.Authorize(ctx, AuthorizeRequest{URL: q.URL, RedirectURL: q.RedirectURL, Issuer: q.Issuer})
	if err != nil {
		return nil, err
	}
	if !isAnswerTo(back, q.RedirectURL) {
		return nil, badAnswer("Authorize", "something else than the URL that the person came back to")
	}
	u, _ := url.Parse(back) // isAnswerTo has
	a.hide(u.Query().Get("code"))
	return wire.Authorized{URL: back}, nil
}

// maxAnswerBytes bounds the URL that a person comes back to.
const maxAnswerBytes = 32 << 10

// isAnswerTo reports whether a URL is redirectURL with something in its query.
func isAnswerTo(back, redirectURL string) bool {
	if len(back) > maxAnswerBytes {
		return false
	}
	u, err := url.Parse(back)
	if err != nil {
		return false
	}
	r, err := url.Parse(redirectURL)
	if err != nil {
		return false
	}
	return origin(u) == origin(r) && u.User == nil && u.Opaque == r.Opaque && path(u) == path(r)
}

// path is a URL's path, of which an empty one is "/".
func path(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}

// answerAssert gets a token that says who somebody is.
func answerAssert(ctx context.Context, a *authorization, raw []byte) (any, error) {
	var q wire.Assert
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, unreadable("assert", err)
	}
	token, err := a.opts.Assert(ctx, AssertRequest{Use: q.Use, Audience: q.Audience})
	if err != nil {
		return nil, err
	}
	if token == "" || len(token) > wire.MaxStoreValueBytes || !isFieldValue(token) || strings.ContainsAny(token, " \t") {
		return nil, badAnswer("Assert", "something that is no token")
	}
	a.hide(token)
	return wire.Asserted{Token: token}, nil
}

// answerSign signs with the application's key.
func answerSign(_ context.Context, a *authorization, raw []byte) (any, error) {
	var q wire.Sign
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, unreadable("sign", err)
	}
	var key *jwtSigner
	switch q.Use {
	case wire.SignClient:
		key = a.key
	case wire.SignDPoP:
		key = a.dpop
	}
	if key == nil {
		return nil, failure(CodePolicyHandlerMissing, "the application has no key for %q", wire.Excerpt([]byte(q.Use)))
	}
	jwt, err := key.sign(q.Typ, q.Claims)
	if err != nil {
		return nil, err
	}
	if q.Use == wire.SignClient { // a proof of DPoP is good for one request
		a.hide(jwt)
	}
	return wire.Signed{JWT: jwt}, nil
}

// answerStore reads and writes the application's store.
func answerStore(ctx context.Context, a *authorization, raw []byte) (any, error) {
	var q wire.Store
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, unreadable("store", err)
	}
	if !isStoreKey(q.Key) || q.Value != nil && len(*q.Value) > wire.MaxStoreValueBytes {
		return nil, unreadable("store", errors.New("its key or value is out of bounds"))
	}
	switch q.Op {
	case wire.StoreGet:
		value, ok, err := a.store.Get(ctx, q.Key)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return wire.Stored{}, nil
		case len(value) > wire.MaxStoreValueBytes:
			return nil, badAnswer("Store", "a value that is too large")
		}
		return wire.Stored{Value: &value}, nil
	case wire.StoreSet:
		if q.Value == nil {
			return nil, unreadable("store", errors.New("there is no value to set"))
		}
		return wire.Stored{}, a.store.Set(ctx, q.Key, *q.Value)
	case wire.StoreSwap:
		swapped, err := a.store.Swap(ctx, q.Key, q.Was, q.Value)
		return wire.Stored{Swapped: swapped}, err
	case wire.StoreDelete:
		return wire.Stored{}, a.store.Delete(ctx, q.Key)
	}
	return nil, unreadable("store", errors.New("there is no such operation"))
}

// isStoreKey reports whether s can be a key.
func isStoreKey(s string) bool {
	return s != "" && len(s) <= wire.MaxStoreKeyBytes && isPrintable(s)
}

// isPrintable reports whether s is printable ASCII.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
