package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/panel/lab"
)

func TestStarterLacksAndIsNotWrong(t *testing.T) {
	for _, simulated := range []bool{false, true} {
		text, err := starterText(simulated)
		if err != nil {
			t.Fatal(err)
		}
		c, mistakes := config.Draft(text, "x", "/")
		if len(mistakes) != 3 || len(mistakes.Wrong()) != 0 {
			t.Errorf("the starter lacks bridge, light and gateways only: %v", mistakes)
		}
		if _, demo := c.Experiment("demo"); demo != simulated {
			t.Errorf("the starter of a simulated lab (%v) has the experiments %v", simulated, c.ExperimentNames())
		}
	}
}

func TestSettings(t *testing.T) {
	starter, err := starterText(false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	s, wrote, err := openSettings(path, starter)
	if err != nil || !wrote {
		t.Fatalf("opened: wrote %v, %v", wrote, err)
	}
	changes := 0
	s.onChange(func() { changes++ })
	if err := s.edit(func(b []byte) ([]byte, error) { return config.SetLight(b, "3") }); err != nil {
		t.Fatal(err)
	}
	if c, _ := s.now(); c.Light != "3" || changes != 1 {
		t.Errorf("light is %q after %d changes", c.Light, changes)
	}
	err = s.edit(func(b []byte) ([]byte, error) {
		return config.PutGateway(b, config.Gateway{Name: "a b", Interface: "eth0"})
	})
	if !errors.Is(err, lab.ErrInvalid) || !strings.Contains(err.Error(), "neither macs nor addresses") {
		t.Errorf("a wrong gateway is refused: %v", err)
	}
	text, _ := os.ReadFile(path)
	if err := s.save(text, "old"); !errors.Is(err, lab.ErrChanged) {
		t.Errorf("an old revision is refused: %v", err)
	}
	var mistakes config.Mistakes
	if err := s.save([]byte("lab: [x\n"), config.Revision(text)); !errors.As(err, &mistakes) {
		t.Errorf("a text with mistakes is refused with them: %v", err)
	}
	if err := s.save(append(text, "# end\n"...), config.Revision(text)); err != nil || changes != 2 {
		t.Errorf("a text that lacks a bridge may be saved: %v, %d changes", err, changes)
	}
	if _, wrote, err := openSettings(path, starter); err != nil || wrote {
		t.Errorf("a file that is there is left alone: %v, %v", wrote, err)
	}
}
