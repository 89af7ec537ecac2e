package authserver

import (
	"encoding/json"
	"net/http"
)

// metadata is the server's metadata (RFC 8414, section 2).
type metadata struct {
	Issuer            string   `json:"issuer"`
	Authorization     string   `json:"authorization_endpoint"`
	Token             string   `json:"token_endpoint"`
	Registration      string   `json:"registration_endpoint"`
	Revocation        string   `json:"revocation_endpoint"`
	Scopes            []string `json:"scopes_supported"`
	ResponseTypes     []string `json:"response_types_supported"`
	ResponseModes     []string `json:"response_modes_supported"`
	GrantTypes        []string `json:"grant_types_supported"`
	TokenAuthMethods  []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
	ChallengeMethods  []string `json:"code_challenge_methods_supported"`
	MetadataDocuments bool     `json:"client_id_metadata_document_supported"`
	IssInResponses    bool     `json:"authorization_response_iss_parameter_supported"`
}

func (s *Server) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	issuer := s.options.Issuer
	writeJSON(w, http.StatusOK, metadata{
		Issuer:            issuer,
		Authorization:     issuer + AuthorizePath,
		Token:             issuer + TokenPath,
		Registration:      issuer + RegisterPath,
		Revocation:        issuer + RevokePath,
		Scopes:            s.scopes(),
		ResponseTypes:     []string{"code"},
		ResponseModes:     []string{"query"},
		GrantTypes:        grantTypes,
		TokenAuthMethods:  authMethods,
		RevocationAuth:    authMethods,
		ChallengeMethods:  []string{"S256"},
		MetadataDocuments: true,
		IssInResponses:    true,
	})
}

// writeJSON answers with JSON that no cache may keep.
func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}

// failure is an error answer (RFC 6749, section 5.2; RFC 7591, section 3.2.2).
type failure struct {
	Code        string `json:"error"`
	Description string `json:"error_description,omitempty"`

	status int // 0 for 400
}

func (f *failure) Error() string { return f.Code + ": " + f.Description }

func refused(code, description string) *failure {
	return &failure{Code: code, Description: description}
}

func (f *failure) write(w http.ResponseWriter) {
	status := f.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="token endpoint"`)
	}
	writeJSON(w, status, f)
}

// full is the failure of a server that keeps too much already.
var full = &failure{Code: "temporarily_unavailable", Description: "the demo server keeps too much already", status: http.StatusServiceUnavailable}
