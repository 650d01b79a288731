package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// ErrStyle says that a file is written in a way that cannot be changed piece by
// piece.
var ErrStyle = errors.New("this file is written in a way that only a text editor can change (one block, key under key, no anchors)")

// ErrNoEntry says that the file has no gateway or experiment of that name.
var ErrNoEntry = errors.New("the configuration has no entry of that name")

// An edit changes single values in a file's text. Everything else, comments and
// order included, stays byte for byte. Each of the functions below reads the
// result again and gives it back only if it says what was asked for, and nothing
// else than the text before.

// SetBridge makes address the bridge's.
func SetBridge(text []byte, address string) ([]byte, error) {
	return edited(text, "set the bridge's address", func(c *Config) error {
		c.Bridge.Address = address
		return nil
	}, func(t *document, want Config) error {
		return t.setBlock("bridge", want.Bridge)
	})
}

// SetLight makes light the bulb under test.
func SetLight(text []byte, light string) ([]byte, error) {
	return edited(text, "choose the light", func(c *Config) error {
		c.Light = light
		return nil
	}, func(t *document, _ Config) error {
		return t.setKey(nil, "light", inline(reflect.ValueOf(light)))
	})
}

// PutGateway adds a gateway, or replaces the one of its name.
func PutGateway(text []byte, g Gateway) ([]byte, error) {
	return edited(text, "keep gateway "+g.Name, func(c *Config) error {
		c.Gateways = put(c.Gateways, g, gatewayName)
		return nil
	}, func(t *document, want Config) error {
		return putItem(t, "gateways", want.Gateways, g, gatewayName)
	})
}

// RemoveGateway takes a gateway out, and out of the lists of the experiments.
// One that no experiment could do without is left.
func RemoveGateway(text []byte, name string) ([]byte, error) {
	c, _ := read(text, "")
	for _, e := range c.Experiments {
		if !slices.Contains(e.Gateways, name) {
			continue
		}
		e.Gateways = slices.DeleteFunc(slices.Clone(e.Gateways), func(n string) bool { return n == name })
		if len(e.Gateways) == 0 {
			return nil, fmt.Errorf("remove gateway %s: experiment %s tests no other (change or remove the experiment first)", name, e.Name)
		}
		var err error
		if text, err = PutExperiment(text, e); err != nil {
			return nil, err
		}
	}
	return edited(text, "remove gateway "+name, func(c *Config) (err error) {
		c.Gateways, err = without(c.Gateways, name, gatewayName)
		return err
	}, func(t *document, want Config) error {
		return removeItem(t, "gateways", name, want.Gateways)
	})
}

// PutExperiment adds an experiment, or replaces the one of its name.
func PutExperiment(text []byte, e Experiment) ([]byte, error) {
	return edited(text, "keep experiment "+e.Name, func(c *Config) error {
		c.Experiments = put(c.Experiments, e, experimentName)
		return nil
	}, func(t *document, want Config) error {
		return putItem(t, "experiments", want.Experiments, e, experimentName)
	})
}

// RemoveExperiment takes an experiment out.
func RemoveExperiment(text []byte, name string) ([]byte, error) {
	return edited(text, "remove experiment "+name, func(c *Config) (err error) {
		c.Experiments, err = without(c.Experiments, name, experimentName)
		return err
	}, func(t *document, want Config) error {
		return removeItem(t, "experiments", name, want.Experiments)
	})
}

func gatewayName(g Gateway) string       { return g.Name }
func experimentName(e Experiment) string { return e.Name }

// edited changes the text by splice and demands that it then reads as what
// change makes of what it said before.
func edited(text []byte, what string, change func(*Config) error, splice func(*document, Config) error) ([]byte, error) {
	want, mistakes := read(text, "the configuration")
	t, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := change(&want); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if err := splice(t, want); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	after := t.bytes()
	got, left := read(after, "the configuration")
	plain(reflect.ValueOf(&want).Elem())
	plain(reflect.ValueOf(&got).Elem())
	if !reflect.DeepEqual(got, want) || unreadable(left) && !unreadable(mistakes) {
		return nil, fmt.Errorf("%s: %w", what, ErrStyle)
	}
	return after, nil
}

// unreadable tells whether the text could not be read at all.
func unreadable(ms Mistakes) bool {
	return slices.ContainsFunc(ms, func(m Mistake) bool { return m.syntax })
}

// plain makes empty lists nil, so that a list that is left out equals an empty
// one.
func plain(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				plain(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Len() == 0 {
			v.SetZero()
		}
		for i := range v.Len() {
			plain(v.Index(i))
		}
	}
}

func put[T any](list []T, item T, name func(T) string) []T {
	list = slices.Clone(list)
	if i := slices.IndexFunc(list, func(o T) bool { return name(o) == name(item) }); i >= 0 {
		list[i] = item
		return list
	}
	return append(list, item)
}

func without[T any](list []T, gone string, name func(T) string) ([]T, error) {
	i := slices.IndexFunc(list, func(o T) bool { return name(o) == gone })
	if i < 0 {
		return nil, ErrNoEntry
	}
	return slices.Delete(slices.Clone(list), i, i+1), nil
}
