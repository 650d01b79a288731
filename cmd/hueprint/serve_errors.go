package main

import (
	"errors"

	"github.com/hueprint/hueprint/hue"
	"github.com/hueprint/hueprint/orchestrator"
	"github.com/hueprint/hueprint/panel/lab"
)

// likeError is an error that callers take for another, with its own text.
type likeError struct {
	error
	kind error
}

// Is tells which error it is taken for.
func (e likeError) Is(target error) bool { return target == e.kind }

// Unwrap is the error itself.
func (e likeError) Unwrap() error { return e.error }

// like makes err be taken for kind; nil stays nil.
func like(kind, err error) error {
	if err == nil || errors.Is(err, kind) {
		return err
	}
	return likeError{err, kind}
}

// forPanel makes the station's and the bridge's errors those that the panel acts
// on.
func forPanel(err error) error {
	for from, to := range map[error]error{
		orchestrator.ErrBusy: lab.ErrBusy, orchestrator.ErrClosed: lab.ErrBusy, orchestrator.ErrIdle: lab.ErrIdle,
		orchestrator.ErrNotSetUp: lab.ErrNotSetUp, orchestrator.ErrUnknown: lab.ErrUnknown,
		orchestrator.ErrInvalid: lab.ErrInvalid, orchestrator.ErrRoom: lab.ErrInvalid,
		hue.ErrLinkButton: lab.ErrButton, hue.ErrNoSuchLight: lab.ErrUnknown, hue.ErrAddress: lab.ErrInvalid,
	} {
		if errors.Is(err, from) {
			return like(to, err)
		}
	}
	return err
}
