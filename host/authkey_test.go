package host

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/remora-mcp/remora/internal/wire"
)

// testKeys returns a key, and one that is too weak.
func testKeys(t testing.TB) (good, weak crypto.Signer) {
	t.Helper()
	return makeKey(t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), makeKey(t)(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
}

func makeKey(t testing.TB) func(crypto.Signer, error) crypto.Signer {
	return func(key crypto.Signer, err error) crypto.Signer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}

// A foreignKey is a key that can only be asked to sign, as one in hardware.
type foreignKey struct{ key crypto.Signer }

func (k foreignKey) Public() crypto.PublicKey { return k.key.Public() }

func (k foreignKey) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return k.key.Sign(random, digest, o)
}

func TestSign(t *testing.T) {
	p256 := makeKey(t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	p384 := makeKey(t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rsaKey := makeKey(t)(rsa.GenerateKey(rand.Reader, 2048))
	const claims = `{"iss":"a", "x":12345678901234567890,"html":"<&>"}`
	for _, tt := range []struct {
		name    string
		options AuthOptions
		use     string
		key     crypto.Signer
		alg     jose.SignatureAlgorithm
		kid     string
	}{
		{"P-256", AuthOptions{Key: p256, KeyID: "k1"}, "client", p256, jose.ES256, "k1"},
		{"P-384", AuthOptions{Key: p384}, "client", p384, jose.ES384, ""},
		{"Ed25519", AuthOptions{Key: ed}, "client", ed, jose.EdDSA, ""},
		{"RSA", AuthOptions{Key: rsaKey}, "client", rsaKey, jose.RS256, ""},
		{"RSA-PSS", AuthOptions{Key: rsaKey, KeyAlgorithm: "PS256"}, "client", rsaKey, jose.PS256, ""},
		{"a key of somebody else's", AuthOptions{Key: foreignKey{rsaKey}, KeyAlgorithm: "PS256"}, "client", rsaKey, jose.PS256, ""},
		{"DPoP", AuthOptions{Key: rsaKey, KeyID: "k1", DPoPKey: p256}, "dpop", p256, jose.ES256, ""},
		{"DPoP with a key of its own", AuthOptions{DPoP: true}, "dpop", nil, jose.ES256, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := asking(t, &ConnectOptions{Auth: &tt.options}, func(h *wire.Ask) string {
				h.Kind = "sign"
				return `{"use":"` + tt.use + `","typ":"t+jwt","claims":` + claims + `}`
			})
			var signed wire.Signed
			r := callForReply(t, t.Context(), s)
			if err := json.Unmarshal(r.Answer, &signed); err != nil || signed.JWT == "" {
				t.Fatalf("got %+v %s, %v", r.Header, r.Answer, err)
			}
			jwt, err := jose.ParseSignedCompact(signed.JWT, []jose.SignatureAlgorithm{tt.alg})
			if err != nil {
				t.Fatal(err)
			}
			head := jwt.Signatures[0].Protected
			if head.KeyID != tt.kid || head.ExtraHeaders[jose.HeaderType] != "t+jwt" {
				t.Errorf("got the header %+v", head)
			}
			public := crypto.PublicKey(nil)
			switch {
			case tt.use == "client":
				if head.JSONWebKey != nil {
					t.Error("the header has a key")
				}
				public = tt.key.Public()
			case head.JSONWebKey == nil || !head.JSONWebKey.IsPublic():
				t.Fatal("the header has no public key")
			default:
				public = head.JSONWebKey.Key
				if own, ok := public.(*ecdsa.PublicKey); !ok || tt.key != nil && !own.Equal(tt.key.Public()) {
					t.Errorf("the header has another key")
				}
			}
			payload, err := jwt.Verify(public)
			if err != nil || string(payload) != claims {
				t.Errorf("got %s, %v", payload, err)
			}
			if pss, ok := public.(*rsa.PublicKey); ok && tt.alg == jose.PS256 {
				parts := strings.Split(signed.JWT, ".")
				hash := crypto.SHA256.New()
				hash.Write([]byte(parts[0] + "." + parts[1]))
				if err := rsa.VerifyPSS(pss, crypto.SHA256, hash.Sum(nil), jwt.Signatures[0].Signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}); err != nil {
					t.Errorf("the salt is not as long as the hash: %v", err)
				}
			}
		})
	}
}

func TestParsePrivateKey(t *testing.T) {
	ec := makeKey(t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).(*ecdsa.PrivateKey)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	rsaKey := makeKey(t)(rsa.GenerateKey(rand.Reader, 2048)).(*rsa.PrivateKey)
	block := func(kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	pkcs8 := func(key any) string {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return block("PRIVATE KEY", der, err)
	}
	der, err := x509.MarshalECPrivateKey(ec)
	sec1 := block("EC PRIVATE KEY", der, err)
	for name, tt := range map[string]struct {
		text string
		want crypto.Signer
	}{
		"PKCS #8 of ECDSA":   {pkcs8(ec), ec},
		"PKCS #8 of Ed25519": {pkcs8(ed), ed},
		"PKCS #8 of RSA":     {"a comment\n" + pkcs8(rsaKey), rsaKey},
		"SEC 1":              {block("EC PARAMETERS", []byte{6, 0}, nil) + sec1, ec},
		"PKCS #1":            {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil), rsaKey},
	} {
		key, err := ParsePrivateKey([]byte(tt.text))
		if err != nil || !tt.want.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	agreement, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"no PEM":          "canary",
		"damaged":         block("PRIVATE KEY", []byte("canary"), nil),
		"only public":     block("PUBLIC KEY", []byte("canary"), nil),
		"encrypted":       block("ENCRYPTED PRIVATE KEY", []byte("canary"), nil),
		"encrypted SEC 1": "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nY2FuYXJ5\n-----END EC PRIVATE KEY-----\n",
		"cannot sign":     pkcs8(agreement),
	} {
		if key, err := ParsePrivateKey([]byte(text)); !errors.Is(err, &Error{Code: CodeLocalBadArgument}) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, %v", name, key, err)
		}
	}
}
