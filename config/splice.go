package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A document is a file's lines with the tree that was read from them. The tree
// says where a value stands; lines are what is changed.
type document struct {
	lines []string // each with its line end
	eol   string
	root  *ast.MappingNode
}

func parse(text []byte) (*document, error) {
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Mistakes{syntaxMistake("the configuration", err)}
	}
	t := &document{lines: strings.SplitAfter(string(text), "\n"), eol: "\n"}
	if strings.Contains(string(text), "\r\n") {
		t.eol = "\r\n"
	}
	if last := len(t.lines) - 1; t.lines[last] == "" {
		t.lines = t.lines[:last]
	}
	body := documentBody(file)
	if body == nil {
		return t, nil // only comments: keys come after them
	}
	root, ok := body.(*ast.MappingNode)
	if !ok || root.IsFlowStyle || len(file.Docs) != 1 {
		return nil, ErrStyle
	}
	t.root = root
	return t, nil
}

func (t *document) bytes() []byte { return []byte(strings.Join(t.lines, "")) }

// again reads the tree of the changed lines.
func (t *document) again() error {
	next, err := parse(t.bytes())
	if err != nil {
		return ErrStyle // what was spliced in does not fit there
	}
	*t = *next
	return nil
}

// A block is a stretch of lines, from first up to and without end, with a key or
// an item that begins in column (from 0).
type block struct{ first, end, column int }

// replace puts other lines in the place of a block's.
func (t *document) replace(b block, lines []string) error {
	if b.first > len(t.lines) || b.end < b.first || b.end > len(t.lines) {
		return ErrStyle
	}
	if b.first > 0 && !strings.HasSuffix(t.lines[b.first-1], "\n") {
		t.lines[b.first-1] += t.eol
	}
	var all []string
	all = append(all, t.lines[:b.first]...)
	for _, line := range lines {
		all = append(all, line+t.eol)
	}
	t.lines = append(all, t.lines[b.end:]...)
	return t.again()
}

// after is the empty stretch behind a block.
func after(b block) block { return block{b.end, b.end, b.column} }

// extent is the block that begins at a token and holds a value: all lines that
// are indented more, without comments at its end. Items of a list may stand as
// far left as the list's key.
func (t *document) extent(start *token.Token, value ast.Node, item bool) block {
	b := block{first: start.Position.Line - 1, column: start.Position.Column - 1}
	b.end = max(b.first+1, lastLine(value))
	for i := b.first + 1; i < len(t.lines); i++ {
		line := strings.TrimRight(t.lines[i], "\r\n")
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		switch {
		case content == "" || content[0] == '#':
		case indent > b.column, !item && indent == b.column && (content == "-" || strings.HasPrefix(content, "- ")):
			b.end = max(b.end, i+1)
		default:
			return b
		}
	}
	return b
}

// lineFinder finds the last line on which a token of a tree stands.
type lineFinder struct{ last int }

// Visit looks at one node's tokens.
func (f *lineFinder) Visit(n ast.Node) ast.Visitor {
	f.see(n.GetToken())
	switch n := n.(type) {
	case *ast.MappingNode:
		f.see(n.End)
	case *ast.SequenceNode:
		f.see(n.End)
	}
	return f
}

func (f *lineFinder) see(t *token.Token) {
	if t != nil && t.Position != nil {
		f.last = max(f.last, t.Position.Line)
	}
}

func lastLine(n ast.Node) int {
	var f lineFinder
	ast.Walk(&f, n)
	return f.last
}

// entry finds a key in a mapping, the first of its name.
func entry(m *ast.MappingNode, key string) *ast.MappingValueNode {
	if m == nil {
		return nil
	}
	for _, v := range m.Values {
		if v.Key.GetToken().Value == key {
			return v
		}
	}
	return nil
}

// blockMapping is a value that is written key under key.
func blockMapping(n ast.Node) (*ast.MappingNode, bool) {
	m, ok := n.(*ast.MappingNode)
	return m, ok && !m.IsFlowStyle && len(m.Values) > 0
}

// setKey sets a key of a mapping that is found by find, the root for nil, to a
// value that fits on the key's line; an empty value removes the key.
func (t *document) setKey(find func() (*ast.MappingNode, error), key, value string) error {
	m := t.root
	if find != nil {
		var err error
		if m, err = find(); err != nil {
			return err
		}
	}
	e := entry(m, key)
	switch {
	case e == nil && value == "":
		return nil
	case e == nil:
		return t.insertKey(m, key+": "+value)
	}
	start := e.Key.GetToken()
	b := t.extent(start, e.Value, false)
	if value == "" {
		return t.removeKey(m, b)
	}
	line := []rune(strings.TrimRight(t.lines[b.first], "\r\n"))
	colon := e.GetToken().Position
	if colon.Line-1 != b.first || colon.Column > len(line) {
		return ErrStyle
	}
	return t.replace(b, []string{string(line[:colon.Column]) + " " + value + t.comment(b)})
}

// comment is the comment at the end of a block of one line.
func (t *document) comment(b block) string {
	if b.end != b.first+1 {
		return ""
	}
	line := strings.TrimRight(t.lines[b.first], "\r\n")
	for _, tk := range lexer.Tokenize(line) {
		if tk.Type == token.CommentType {
			return " #" + strings.TrimRight(tk.Value, "\r\n")
		}
	}
	return ""
}

// insertKey adds a line behind a mapping's last key.
func (t *document) insertKey(m *ast.MappingNode, line string) error {
	if m == nil {
		return t.replace(block{len(t.lines), len(t.lines), 0}, []string{line})
	}
	last := m.Values[len(m.Values)-1]
	b := t.extent(last.Key.GetToken(), last.Value, false)
	return t.replace(after(b), []string{strings.Repeat(" ", b.column) + line})
}

// removeKey takes out a key. The one beside a list's dash gives its place to the
// next.
func (t *document) removeKey(m *ast.MappingNode, b block) error {
	before := strings.TrimRight(t.lines[b.first][:min(b.column, len(t.lines[b.first]))], " ")
	if before == "" {
		return t.replace(b, nil)
	}
	if len(m.Values) < 2 {
		return ErrStyle
	}
	return t.replace(b, []string{before})
}

// setBlock sets every key of a mapping below the root; one that is missing or
// written on one line is written anew.
func (t *document) setBlock(key string, value any) error {
	find := func() (*ast.MappingNode, error) {
		e := entry(t.root, key)
		if e == nil {
			return nil, ErrStyle
		}
		if m, ok := blockMapping(e.Value); ok {
			return m, nil
		}
		return nil, ErrStyle
	}
	if _, err := find(); err == nil {
		return t.setFields(find, fieldsOf(value))
	}
	lines := []string{key + ":"}
	for _, f := range fieldsOf(value) {
		if f.value != "" {
			lines = append(lines, "  "+f.key+": "+f.value)
		}
	}
	return t.rewrite(key, lines)
}

// rewrite puts lines in the place of a root key, or behind all others.
func (t *document) rewrite(key string, lines []string) error {
	if e := entry(t.root, key); e != nil {
		return t.replace(t.extent(e.Key.GetToken(), e.Value, false), lines)
	}
	b := block{len(t.lines), len(t.lines), 0}
	if t.root != nil {
		last := t.root.Values[len(t.root.Values)-1]
		b = after(t.extent(last.Key.GetToken(), last.Value, false))
	}
	return t.replace(b, lines)
}

// setFields sets those keys of a mapping that differ.
func (t *document) setFields(find func() (*ast.MappingNode, error), fields []field) error {
	for _, f := range fields {
		m, err := find()
		if err != nil {
			return err
		}
		if e := entry(m, f.key); e != nil && says(e.Value, f) {
			continue
		}
		if err := t.setKey(find, f.key, f.value); err != nil {
			return err
		}
	}
	return nil
}

// says tells whether a node already has the field's value.
func says(n ast.Node, f field) bool {
	v := reflect.New(f.to)
	d := decoder{places: map[string]place{}}
	d.value(n, "", v.Elem())
	return len(d.mistakes) == 0 && inline(v.Elem()) == f.value
}

// items are a root key's list when it is written item under item.
func (t *document) items(key string) (*ast.SequenceNode, bool) {
	e := entry(t.root, key)
	if e == nil {
		return nil, false
	}
	s, ok := e.Value.(*ast.SequenceNode)
	return s, ok && !s.IsFlowStyle && len(s.Values) > 0 && len(s.Entries) == len(s.Values)
}

// item is the block of an item, from its dash.
func (t *document) item(s *ast.SequenceNode, i int) block {
	return t.extent(s.Entries[i].Start, s.Values[i], true)
}

// putItem replaces the item of a list that has its name, or adds it; all is what
// the list then holds.
func putItem[T any](t *document, key string, all []T, item T, name func(T) string) error {
	s, ok := t.items(key)
	if !ok {
		lines := []string{key + ":"}
		for _, one := range all {
			lines = append(lines, itemLines(2, one)...)
		}
		return t.rewrite(key, lines)
	}
	for i, one := range all {
		if name(one) != name(item) {
			continue
		}
		if i == len(s.Values) {
			last := t.item(s, i-1)
			return t.replace(after(last), itemLines(last.column, item))
		}
		find := func() (*ast.MappingNode, error) {
			if s, ok := t.items(key); ok {
				if m, ok := blockMapping(s.Values[i]); ok {
					return m, nil
				}
			}
			return nil, ErrStyle
		}
		if _, err := find(); err != nil {
			b := t.item(s, i)
			return t.replace(b, itemLines(b.column, item))
		}
		return t.setFields(find, fieldsOf(item))
	}
	return fmt.Errorf("put %s: %w", name(item), ErrNoEntry)
}

// removeItem takes an item out of a list; left is what then remains.
func removeItem[T any](t *document, key, name string, left []T) error {
	s, ok := t.items(key)
	if !ok || len(left) == 0 {
		lines := []string{key + ": []"}
		if len(left) > 0 {
			lines[0] = key + ":"
		}
		for _, one := range left {
			lines = append(lines, itemLines(2, one)...)
		}
		return t.rewrite(key, lines)
	}
	for i, v := range s.Values {
		if m, ok := v.(*ast.MappingNode); ok && says(valueOf(m, "name"), field{"name", inline(reflect.ValueOf(name)), reflect.TypeFor[string]()}) {
			return t.replace(t.item(s, i), nil)
		}
	}
	return ErrStyle
}

// valueOf is a key's value, null where there is none.
func valueOf(m *ast.MappingNode, key string) ast.Node {
	if e := entry(m, key); e != nil {
		return e.Value
	}
	return ast.Null(token.New("null", "null", &token.Position{}))
}
