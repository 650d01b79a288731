package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hueprint/hueprint/config"
	"github.com/hueprint/hueprint/notify"
	"github.com/hueprint/hueprint/orchestrator"
)

const (
	// noticesWaiting is how many notices may wait for a slow destination.
	noticesWaiting = 100
	// deliverWithin bounds the delivery of one, with all attempts.
	deliverWithin = 2 * time.Minute
)

// notify takes a notice over for delivery; nobody waits for a mail server.
func (s *server) notify(_ context.Context, n orchestrator.Notice) error {
	s.log.Info("notice", "kind", string(n.Kind), "title", n.Title)
	select {
	case s.notices <- n:
		return nil
	default:
		return errors.New("too many notices wait for delivery")
	}
}

// deliver delivers notices until ctx ends.
func (s *server) deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-s.notices:
			err := s.deliverOne(ctx, n)
			trouble := ""
			if err != nil {
				s.log.Error("a notice was not delivered", "title", n.Title, "error", err)
				trouble = "the latest notice was not delivered: " + err.Error()
			}
			s.setStanding("notices", trouble)
		}
	}
}

func (s *server) deliverOne(ctx context.Context, n orchestrator.Notice) error {
	c, _ := s.settings.now()
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	to, err := destinations(c.Serve.Notify)
	return errors.Join(err, to.Send(ctx, messageOf(n, c)))
}

// messageOf is a notice as it is sent.
func messageOf(n orchestrator.Notice, c config.Config) notify.Message {
	m := notify.Message{ID: fmt.Sprintf("%s-%d", n.Kind, n.At.UnixNano()), Subject: n.Title, Text: n.Text, Kind: string(n.Kind), Run: n.Run, At: n.At}
	if c.Lab != "" {
		m.Subject = c.Lab + ": " + n.Title
	}
	if base := strings.TrimSuffix(c.Serve.URL, "/"); base != "" {
		m.URL = base + "/"
		if n.Run != "" {
			m.URL = base + "/runs/" + n.Run
		}
	}
	return m
}

// destinations are the configured ones; the error tells those that cannot be
// used.
func destinations(c config.Notify) (notify.All, error) {
	var all notify.All
	var errs []error
	for _, w := range c.Webhooks {
		key, err := secretOf(w.SecretFile)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, notify.Webhook{URL: w.URL, Key: key, AllowLocal: w.AllowLocal})
	}
	if c.Mail.Host == "" {
		return all, errors.Join(errs...)
	}
	password, err := secretOf(c.Mail.PasswordFile)
	if err != nil {
		return all, errors.Join(append(errs, err)...)
	}
	return append(all, notify.Mail{Host: c.Mail.Host, Port: c.Mail.Port, Encryption: notify.Encryption(c.Mail.Encryption),
		User: c.Mail.User, Password: password, From: c.Mail.From, To: c.Mail.To}), errors.Join(errs...)
}

// secretOf reads a key or password from its file; none where there is no file.
func secretOf(path string) (notify.Secret, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read a secret for notices: %w", err)
	}
	return notify.Secret(strings.TrimSpace(string(text))), nil
}
