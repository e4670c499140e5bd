package client

import (
	"strings"
	"testing"

	"example/sandbox"
)

func TestConnects(t *testing.T) {
	s := sandbox.Start(t, "healthy")
	if err := Connect(s.MCP); err != nil {
		t.Fatal(err)
	}
	if said := s.Diagnosis(t); said.Broken {
		t.Fatal(said.Findings[0].Happened)
	}
}

func TestDoesNotSignInForEverWithTokensThatHaveExpired(t *testing.T) {
	s := sandbox.Start(t, "expired-token")
	err := Connect(s.MCP)
	if err == nil || !strings.HasPrefix(err.Error(), "session: 401") {
		t.Fatal("not the session failed:", err)
	}
	if said := s.Diagnosis(t); said.Findings[0].Step != "session" {
		t.Fatal(said.Findings[0].Happened)
	}
}

// One sandbox serves many worlds: switching takes a millisecond, starting half a second.
func TestSaysAtWhichStepItFailed(t *testing.T) {
	s := sandbox.Start(t, "healthy")
	for scenario, step := range map[string]string{
		"resource-metadata-missing": "resource-metadata",
		"server-metadata-missing":   "server-metadata",
		"missing-registration":      "registration",
		"invalid-target":            "token",
	} {
		t.Run(scenario, func(t *testing.T) {
			s.Use(t, scenario)
			err := Connect(s.MCP)
			if err == nil || !strings.HasPrefix(err.Error(), step+": ") {
				t.Fatal("it did not fail at", step+":", err)
			}
		})
	}
}
