// Package client is what is tested: the sign-in of a small MCP client. Nobody has to be there for it, as the sandbox
// is started with `--sign-in automatic`.
package client

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const (
	callback   = "http://localhost:9/callback" // nobody listens there: the redirect is read, not followed
	verifier   = "a-real-client-makes-a-new-one-for-every-sign-in"
	initialize = `{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
		"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "example", "version": "1"}}}`
)

// Connect signs in to an MCP server and opens a session. An error begins with the step that failed.
func Connect(mcp string) error {
	c := &connection{}
	challenge := c.ask("challenge", 401, "POST", mcp, initialize, nil)

	var resource struct {
		URL     string    `json:"resource"`
		Servers [1]string `json:"authorization_servers"` // of several this client takes the first
	}
	_, metadata, found := strings.Cut(challenge.Get("WWW-Authenticate"), `resource_metadata="`)
	metadata, _, _ = strings.Cut(metadata, `"`)
	if !found {
		metadata = wellKnown("oauth-protected-resource", mcp)
	}
	c.ask("resource-metadata", 200, "GET", metadata, "", &resource)

	var server struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
		Register  string `json:"registration_endpoint"`
	}
	c.ask("server-metadata", 200, "GET", wellKnown("oauth-authorization-server", resource.Servers[0]), "", &server)

	var client struct {
		ID string `json:"client_id"`
	}
	c.ask("registration", 201, "POST", server.Register, `{"client_name": "example",
		"redirect_uris": ["`+callback+`"], "token_endpoint_auth_method": "none"}`, &client)

	digest := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type":         {"code"},
		"client_id":             {client.ID},
		"redirect_uri":          {callback},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(digest[:])},
		"code_challenge_method": {"S256"},
		"resource":              {resource.URL},
	}
	redirect := c.ask("authorization", 302, "GET", server.Authorize+"?"+query.Encode(), "", nil)
	back, err := url.Parse(redirect.Get("Location"))
	if err != nil || (c.err == nil && back.Query().Get("code") == "") {
		return fmt.Errorf("authorization: there is no code in %s", redirect.Get("Location"))
	}

	form := url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {client.ID},
		"code":          {back.Query().Get("code")},
		"redirect_uri":  {callback},
		"code_verifier": {verifier},
		"resource":      {resource.URL},
	}
	var tokens struct {
		Access string `json:"access_token"`
	}
	c.ask("token", 200, "POST", server.Token, form.Encode(), &tokens)

	c.token = tokens.Access
	c.ask("session", 200, "POST", mcp, initialize, nil)
	return c.err
}

// A connection remembers the token, and the first step that failed; after that nothing is asked.
type connection struct {
	token string
	err   error
}

// ask takes a step: a request that has to be answered with a status, and with JSON where something is to be read.
func (c *connection) ask(step string, status int, method, address, body string, into any) http.Header {
	if c.err != nil {
		return nil
	}
	failed := func(err error) http.Header {
		c.err = fmt.Errorf("%s: %w", step, err)
		return nil
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return failed(err)
	}
	request.Header.Set("Accept", "application/json, text/event-stream")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := http.DefaultTransport.RoundTrip(request) // it follows no redirects
	if err != nil {
		return failed(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return failed(err)
	}
	if answer.StatusCode != status {
		return failed(fmt.Errorf("%s: %s", answer.Status, said))
	}
	if into != nil {
		if err = json.Unmarshal(said, into); err != nil {
			return failed(err)
		}
	}
	return answer.Header
}

// wellKnown gives the place of a document about a URL, between its host and its path (RFC 8414, section 3.1).
func wellKnown(name, address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return at.Scheme + "://" + at.Host + "/.well-known/" + name + strings.TrimSuffix(at.Path, "/")
}
