//go:build !linux

package capture

import (
	"context"
	"errors"
)

var errNotLinux = errors.New("live capture needs Linux (record on the router instead, or analyse capture files)")

// Start is an error on this system: live capture needs Linux.
func (l Live) Start(context.Context, Sink) (Session, error) { return nil, errNotLinux }

// Check is an error on this system: live capture needs Linux.
func Check(string) error { return errNotLinux }

// InNamespace is an error on this system: network namespaces need Linux.
func InNamespace(string) func(func() error) error {
	return func(func() error) error { return errNotLinux }
}
