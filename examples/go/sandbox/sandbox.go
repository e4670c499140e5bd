// Package sandbox runs a sandbox for a test, in the manner of net/http/httptest. Copy this file: it needs nothing but
// the standard library, and `sandbox` on the PATH.
package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// A Sandbox is a running world, and says where it is.
type Sandbox struct {
	MCP     string // the URL that a client is given
	WorkOS  string // the authorization server
	Console string // the control API
}

// A Diagnosis says what is wrong, read from the exchanges alone. What broke first comes first.
type Diagnosis struct {
	Broken   bool
	Findings []struct{ ID, Step, Severity, Happened, Change string }
}

// Start runs the world of a scenario until the test ends.
func Start(t testing.TB, scenario string) *Sandbox {
	t.Helper()
	command := exec.Command("sandbox", "up", scenario, "--json", "--until-eof", "--sign-in", "automatic",
		"--state-dir", t.TempDir(), "--workos-port", "0", "--mcp-port", "0", "--console-port", "0", "--other-port", "0")
	command.Stderr = os.Stderr
	// Standard input stays open for as long as this program lives. However it ends, the sandbox ends with it.
	input, err := command.StdinPipe()
	must(t, err)
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		input.Close()
		command.Wait()
	})

	lines := bufio.NewReader(output)
	first, err := lines.ReadBytes('\n') // its first line says where everything is, or why it did not start
	must(t, err)
	go io.Copy(io.Discard, lines) // an exchange or a finding a line from now on; here they are asked for instead

	said := struct {
		Ready bool
		Error string
		Sandbox
	}{}
	must(t, json.Unmarshal(first, &said))
	if !said.Ready {
		t.Fatal(said.Error)
	}
	return &said.Sandbox
}

// Use switches to another scenario, and forgets all that happened: clients, sessions, exchanges.
func (s *Sandbox) Use(t testing.TB, scenario string) {
	t.Helper()
	s.ask(t, "PUT", "/api/scenario", map[string]string{"name": scenario}, nil)
	s.ask(t, "POST", "/api/reset", nil, s) // it tells the URL, which some scenarios change
}

// Diagnosis says what is wrong with the exchanges so far.
func (s *Sandbox) Diagnosis(t testing.TB) (said Diagnosis) {
	t.Helper()
	s.ask(t, "GET", "/api/findings", nil, &said)
	return said
}

func (s *Sandbox) ask(t testing.TB, method, path string, body, answer any) {
	t.Helper()
	sent, err := json.Marshal(body)
	must(t, err)
	request, err := http.NewRequest(method, s.Console+path, bytes.NewReader(sent))
	must(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	must(t, err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, path, said)
	}
	if answer != nil {
		must(t, json.Unmarshal(said, answer))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
