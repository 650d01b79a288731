package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// A field is a key with its value as it is written on one line; an empty value
// leaves the key out.
type field struct {
	key, value string
	to         reflect.Type
}

// fieldsOf lists a block's keys in the order of its struct.
func fieldsOf(block any) []field {
	v := reflect.ValueOf(block)
	var all []field
	for i := range v.NumField() {
		if key := keyOf(v.Type().Field(i)); key != "" {
			all = append(all, field{key, inline(v.Field(i)), v.Type().Field(i).Type})
		}
	}
	return all
}

// itemLines writes an item of a list, its dash in the given column.
func itemLines(column int, item any) []string {
	var lines []string
	lead := strings.Repeat(" ", column) + "- "
	for _, f := range fieldsOf(item) {
		if f.value == "" {
			continue
		}
		lines = append(lines, lead+f.key+": "+f.value)
		lead = strings.Repeat(" ", column+2)
	}
	return lines
}

// inline writes a value on one line; nothing for one that says nothing.
func inline(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil(), v.Kind() != reflect.Pointer && v.IsZero():
		return ""
	case v.Kind() == reflect.Pointer:
		return scalar(v.Elem())
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = scalar(v.Index(i))
		}
		if len(items) == 0 {
			return ""
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return scalar(v)
}

func scalar(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.String()
	case encoding.TextMarshaler:
		text, _ := x.MarshalText() // addresses of any kind have a text
		return quoted(string(text))
	case string:
		return quoted(x)
	default:
		return fmt.Sprint(x)
	}
}

var (
	// plainText needs no quotes: it begins like a word or an IPv4 address and
	// holds nothing that YAML gives a meaning.
	plainText = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9._/-]*|https?://[A-Za-z0-9.-]+(:[0-9]+)?|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+(/[0-9]+)?)$`)
	// notText are words that some readers of YAML take for something else.
	notText = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null)$`)
)

// quoted writes a text so that it stays a text: a JSON string is one in YAML, too.
func quoted(s string) string {
	if plainText.MatchString(s) && !notText.MatchString(s) {
		return s
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
