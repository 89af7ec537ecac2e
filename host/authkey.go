package host

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

// ParsePrivateKey reads the first private key of a PEM text: PKCS #8 ("PRIVATE
// KEY"), SEC 1 ("EC PRIVATE KEY") or PKCS #1 ("RSA PRIVATE KEY"). One that is
// encrypted has to be decrypted before. Errors quote nothing of the text.
func ParsePrivateKey(text []byte) (crypto.Signer, error) {
	bad := func(message string) error { return failure(CodeLocalBadArgument, "the private key: %s", message) }
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, bad("there is none in PEM form")
		}
		var key any
		var err error
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, bad("it is encrypted")
		case block.Type == "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		default:
			continue // a certificate, the parameters of a curve
		}
		signer, ok := key.(crypto.Signer)
		if err != nil || !ok {
			return nil, bad("it cannot be read, or cannot sign")
		}
		return signer, nil
	}
}

// A jwtSigner signs JWTs with a key that stays where it is.
type jwtSigner struct {
	key     crypto.Signer
	alg     jose.SignatureAlgorithm
	kid     string
	withJWK bool // the header has the public key, instead of kid
}

// algorithms are those of each kind of key, the one that is selected first.
func algorithms(key crypto.Signer) ([]jose.SignatureAlgorithm, error) {
	var algs []jose.SignatureAlgorithm
	if public, ok := key.Public().(*rsa.PublicKey); ok && public.N.BitLen() < 2048 {
		return nil, errors.New("an RSA key has to have 2048 bits at least") // RFC 7518, section 3.3
	}
	if algs = cryptosigner.Opaque(key).Algs(); len(algs) == 0 {
		return nil, errors.New("it is not of RSA, ECDSA (P-256, P-384, P-521) or Ed25519")
	}
	return algs, nil
}

// newClientSigner returns the signer of a client's assertions.
func newClientSigner(key crypto.Signer, kid, alg string) (*jwtSigner, error) {
	algs, err := algorithms(key)
	if err != nil {
		return nil, err
	}
	s := &jwtSigner{key: key, alg: algs[0], kid: kid}
	if alg == "" {
		return s, nil
	}
	for _, a := range algs {
		if string(a) == alg {
			s.alg = a
			return s, nil
		}
	}
	return nil, errors.New("it cannot sign with the algorithm that KeyAlgorithm names")
}

// newDPoPSigner returns the signer of DPoP proofs, with a key of its own if there
// is none.
func newDPoPSigner(key crypto.Signer) (*jwtSigner, error) {
	if key == nil {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		key = made
	}
	algs, err := algorithms(key)
	if err != nil {
		return nil, err
	}
	return &jwtSigner{key: key, alg: algs[0], withJWK: true}, nil
}

// sign returns claims, which are taken byte for byte, as a signed JWT.
func (s *jwtSigner) sign(typ string, claims []byte) (string, error) {
	options := &jose.SignerOptions{EmbedJWK: s.withJWK}
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	if s.kid != "" {
		options = options.WithHeader("kid", s.kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: cryptosigner.Opaque(saltedSigner{s.key})}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// saltedSigner gives signatures of RSASSA-PSS a salt as long as the hash, as RFC
// 7518, section 3.5, has it; the library leaves the length open.
type saltedSigner struct{ crypto.Signer }

// Sign implements crypto.Signer.
func (s saltedSigner) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if pss, ok := o.(*rsa.PSSOptions); ok {
		o = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: pss.Hash}
	}
	return s.Signer.Sign(random, digest, o)
}
