package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// decoder fills a struct from a YAML tree and goes on after a mistake, which
// the library's own decoder does not; it remembers where each value stood.
type decoder struct {
	file     string
	mistakes Mistakes
	places   map[string]place
}

// place is where a value stands; known also for what is missing (its parent).
type place struct{ line, column int }

func (d *decoder) mistake(at ast.Node, format string, args ...any) {
	p := positionOf(at)
	d.at(p, format, args...)
}

func (d *decoder) at(p place, format string, args ...any) {
	d.mistakes = append(d.mistakes, Mistake{File: d.file, Line: p.line, Column: p.column, Text: fmt.Sprintf(format, args...)})
}

func positionOf(n ast.Node) place {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return place{t.Position.Line, t.Position.Column}
	}
	return place{1, 1}
}

// decode fills to, a pointer, from n. path names the value, as in
// "gateways[0].name".
func (d *decoder) decode(n ast.Node, path string, to any) {
	d.value(n, path, reflect.ValueOf(to).Elem())
}

func (d *decoder) value(n ast.Node, path string, v reflect.Value) {
	n = unwrap(n)
	d.places[path] = positionOf(n)
	if _, null := n.(*ast.NullNode); null {
		return // a key without a value is as good as no key
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, path, u)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.sequence(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

func unwrap(n ast.Node) ast.Node {
	for {
		switch t := n.(type) {
		case *ast.AnchorNode:
			n = t.Value
		case *ast.TagNode:
			n = t.Value
		default:
			return n
		}
	}
}

func (d *decoder) mapping(n ast.Node, path string, v reflect.Value) {
	values, ok := n.(ast.MapNode)
	if !ok {
		d.mistake(n, "%s must be a block of keys (%s)", called(path), strings.Join(keysOf(v.Type()), ", "))
		return
	}
	seen := map[string]int{}
	for it := values.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		at := positionOf(it.Key())
		if line, again := seen[key]; again {
			d.at(at, "key %q stands here again; it was given on line %d", key, line)
			continue
		}
		seen[key] = at.line
		field, ok := fieldOf(v, key)
		if !ok {
			d.at(at, "unknown key %q%s", key, didYouMean(key, keysOf(v.Type())))
			continue
		}
		d.value(it.Value(), join(path, key), field)
	}
}

func (d *decoder) sequence(n ast.Node, path string, v reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.mistake(n, "%s must be a list, such as [a, b]", called(path))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.value(item, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
	}
}

func (d *decoder) text(n ast.Node, path string, u encoding.TextUnmarshaler) {
	s, ok := scalarText(n)
	if !ok {
		d.mistake(n, "%s must be a single value", called(path))
		return
	}
	if err := u.UnmarshalText([]byte(s)); err != nil {
		d.mistake(n, "%s: %v", path, err)
	}
}

// scalar sets strings, numbers, truth values and durations.
func (d *decoder) scalar(n ast.Node, path string, v reflect.Value) {
	s, ok := scalarText(n)
	if !ok {
		d.mistake(n, "%s must be a single value", called(path))
		return
	}
	var err error
	switch v.Interface().(type) {
	case time.Duration:
		var t time.Duration
		if t, err = time.ParseDuration(s); err != nil {
			err = fmt.Errorf("%q is not a duration; write a number with its unit, such as 30s, 1500ms or 2m", s)
		}
		v.SetInt(int64(t))
	case string:
		v.SetString(s)
	case bool:
		var b bool
		if b, err = strconv.ParseBool(s); err != nil {
			err = fmt.Errorf("%q is neither true nor false", s)
		}
		v.SetBool(b)
	case int:
		var i int
		if i, err = strconv.Atoi(s); err != nil {
			err = fmt.Errorf("%q is not a whole number", s)
		}
		v.SetInt(int64(i))
	case float64:
		var f float64
		if f, err = strconv.ParseFloat(s, 64); err != nil {
			err = fmt.Errorf("%q is not a number", s)
		}
		v.SetFloat(f)
	}
	if err != nil {
		d.mistake(n, "%s: %v", path, err)
	}
}

// scalarText is the value's text as written, without quotes.
func scalarText(n ast.Node) (string, bool) {
	switch t := n.(type) {
	case *ast.StringNode:
		return t.Value, true
	case *ast.LiteralNode:
		return t.Value.Value, true
	case ast.ScalarNode:
		return t.GetToken().Value, true
	}
	return "", false
}

func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key := keyOf(t.Field(i)); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if key != "" && keyOf(v.Type().Field(i)) == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func called(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// didYouMean proposes the known key that is nearest by edit distance, or lists
// them all.
func didYouMean(key string, known []string) string {
	best := slices.MinFunc(known, func(a, b string) int { return distance(key, a) - distance(key, b) })
	if distance(key, best) <= 2 {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	return ": known here are " + strings.Join(known, ", ")
}

// distance is Levenshtein's edit distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
