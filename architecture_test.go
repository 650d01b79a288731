package hueprint_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hueprint/hueprint"

// house is the import table of the design: for each package (and all below it,
// unless they have an entry of their own) those of ours it may import. A new
// package fails until someone decides where it stands.
var house = map[string][]string{
	".": {},
	// values
	"traffic":     {},
	"experiments": {"traffic"},
	// computation
	"traffic/names":       {"traffic"},
	"traffic/decode":      {"traffic"},
	"traffic/tlsrec":      {"traffic"},
	"traffic/hosts":       {"traffic", "traffic/decode"},
	"traffic/checksum":    {},
	"traffic/redact":      {"traffic", "traffic/decode", "traffic/checksum"},
	"traffic/pseudonym":   {"traffic", "traffic/decode", "traffic/checksum", "traffic/redact"},
	"pcapng":              {"traffic"},
	"analysis/events":     {"traffic", "traffic/decode", "traffic/tlsrec", "traffic/names"},
	"analysis/align":      {"traffic", "experiments", "analysis/events"},
	"analysis/correlate":  {"traffic", "experiments", "analysis/events", "analysis/align"},
	"analysis/infer":      {"traffic", "analysis/events"},
	"analysis":            {"traffic", "traffic/decode", "traffic/tlsrec", "traffic/names", "experiments", "analysis/events", "analysis/align", "analysis/correlate", "analysis/infer"},
	"analysis/validation": {"traffic", "experiments", "analysis"},
	"reports":             {"traffic", "experiments", "analysis", "analysis/events", "pcapng"},
	"reports/annotate":    {"traffic", "experiments", "analysis", "pcapng"},
	"reports/tables":      {"traffic", "experiments", "analysis", "reports"},
	"reports/exporttest":  {"traffic", "traffic/decode", "experiments", "analysis"},
	// tools of tests
	"nodetest":    {},
	"browsertest": {"nodetest"},
	// rim
	"hue":                         {},
	"labelled":                    {"traffic", "traffic/decode", "capture", "analysis"},
	"capture":                     {"traffic", "traffic/decode", "pcapng"},
	"runs":                        {"traffic", "experiments", "analysis", "pcapng"},
	"simulator":                   {"traffic", "capture"},
	"simulator/bridge/bridgetest": {"simulator", "nodetest"},
	"bundle":                      {"traffic", "traffic/decode", "traffic/tlsrec", "traffic/redact", "traffic/pseudonym", "experiments", "runs", "pcapng"},
	"config":                      {"traffic", "experiments"},
	"timetable":                   {},
	"notify":                      {},
	"store":                       {"traffic", "experiments", "analysis", "runs"},
	// joining
	"orchestrator": {"traffic", "traffic/decode", "traffic/redact", "experiments", "analysis", "capture", "runs", "store", "timetable"},
	"panel/lab":    {"traffic", "experiments", "analysis", "store", "config"},
	"panel":        {"traffic", "traffic/decode", "experiments", "analysis", "reports", "reports/annotate", "reports/tables", "pcapng", "runs", "store", "config", "timetable", "panel", "panel/lab"},
	"cmd/hueprint": {"*"},
}

// pure packages compute: values in, values out. What they must not import or
// call is listed with the reason.
var pure = []string{"traffic", "experiments", "analysis", "reports", "pcapng"}

var forbiddenInPure = map[string]string{
	"os": "a file or the environment", "net": "a socket", "net/http": "a socket", "log": "a logger", "log/slog": "a logger",
	"os/exec": "a process", "context": "cancellation", "syscall": "the kernel", "golang.org/x/sys/unix": "the kernel",
}

// allowedInPure are exceptions on purpose: package net is imported for the
// MAC address parser alone.
var allowedInPure = map[string][]string{"traffic": {"net"}}

var forbiddenNames = []string{"utils", "util", "common", "helpers", "models", "types", "manager", "service"}

type source struct {
	path, pkg string // pkg is the folder, slash-separated
	file      *ast.File
	fset      *token.FileSet
	lines     int
}

// sources parses every Go file of the project that is not a test.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "tools") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, data, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)), file, fset, strings.Count(string(data), "\n")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// entry finds the row of the table that covers pkg: its own or its nearest
// parent's.
func entry(pkg string) (string, bool) {
	for {
		if _, ok := house[pkg]; ok && pkg != "." {
			return pkg, true
		}
		i := strings.LastIndex(pkg, "/")
		if i < 0 {
			return pkg, pkg == "."
		}
		pkg = pkg[:i]
	}
}

func imports(f *ast.File) []string {
	var paths []string
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

func TestImportsPointOneWay(t *testing.T) {
	for _, s := range sources(t) {
		row, ok := entry(s.pkg)
		if !ok {
			t.Errorf("package %s is not in the house: decide where it stands", s.pkg)
			continue
		}
		may := house[row]
		for _, p := range imports(s.file) {
			own, ours := strings.CutPrefix(p, module+"/")
			if !ours || slices.Contains(may, "*") || strings.HasPrefix(own+"/", row+"/") {
				continue
			}
			if target, _ := entry(own); !slices.Contains(may, target) {
				t.Errorf("%s imports %s; package %s may import %v", s.path, own, row, may)
			}
		}
	}
}

func isPure(pkg string) bool {
	return slices.ContainsFunc(pure, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") })
}

func TestPurePackagesTouchNothing(t *testing.T) {
	for _, s := range sources(t) {
		if !isPure(s.pkg) || strings.HasSuffix(s.pkg, "test") {
			continue
		}
		for _, p := range imports(s.file) {
			if reason, bad := forbiddenInPure[p]; bad && !slices.Contains(allowedInPure[s.pkg], p) {
				t.Errorf("%s imports %s (%s), but %s is pure", s.path, p, reason, s.pkg)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			call := x.Name + "." + sel.Sel.Name
			clock := slices.Contains([]string{"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.NewTimer", "time.NewTicker"}, call)
			chance := x.Name == "rand" && !slices.Contains([]string{"New", "NewPCG", "Rand", "PCG", "Source", "NewChaCha8", "ChaCha8"}, sel.Sel.Name)
			if clock || chance {
				t.Errorf("%s: %s in a pure package; take it as an argument", s.fset.Position(n.Pos()), call)
			}
			return true
		})
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no doc", s.fset.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				undocumented(t, s, d)
			}
		}
	}
}

// exportedReceiver tells whether a function or method can be seen from outside.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func undocumented(t *testing.T, s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch v := spec.(type) {
		case *ast.TypeSpec:
			if v.Name.IsExported() && d.Doc == nil && v.Doc == nil && v.Comment == nil {
				t.Errorf("%s: type %s has no doc", s.fset.Position(v.Pos()), v.Name.Name)
			}
		case *ast.ValueSpec:
			for _, name := range v.Names {
				if name.IsExported() && d.Doc == nil && v.Doc == nil && v.Comment == nil {
					t.Errorf("%s: %s has no doc", s.fset.Position(v.Pos()), name.Name)
				}
			}
		}
	}
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	docs, seen := map[string]int{}, map[string]bool{}
	for _, s := range sources(t) {
		seen[s.pkg] = true
		if s.file.Doc != nil {
			docs[s.pkg]++
		}
	}
	for pkg := range seen {
		if docs[pkg] != 1 {
			t.Errorf("package %s has %d package docs, want 1", pkg, docs[pkg])
		}
		if slices.Contains(forbiddenNames, filepath.Base(pkg)) {
			t.Errorf("package %s: the name says nothing about its concept", pkg)
		}
	}
}

// huego can only use http.DefaultClient; so that nobody else depends on, or
// changes, what cmd put there, nobody else may name it.
func TestDefaultClientIsReplacedOnceInCmd(t *testing.T) {
	assigned := 0
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && selects(a.Lhs[0], "http", "DefaultClient") {
				assigned++
			}
			if sel, ok := n.(ast.Expr); ok && selects(sel, "http", "DefaultClient", "DefaultTransport", "Get", "Post", "Head", "PostForm") && !strings.HasPrefix(s.pkg, "cmd/") {
				t.Errorf("%s: net/http's global client outside cmd", s.fset.Position(n.Pos()))
			}
			return true
		})
	}
	if assigned != 1 {
		t.Errorf("http.DefaultClient is assigned %d times, want once", assigned)
	}
}

func selects(e ast.Expr, pkg string, names ...string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg && slices.Contains(names, sel.Sel.Name)
}

// The analysis must find the base paper's sizes, not know them.
func TestNoSizeOfTable1InTheCodeThatLooksForThem(t *testing.T) {
	for _, s := range sources(t) {
		top, _, _ := strings.Cut(s.pkg, "/")
		if !slices.Contains([]string{"analysis", "reports", "orchestrator"}, top) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && slices.Contains([]string{"113", "490", "318"}, lit.Value) {
				t.Errorf("%s: the number %s", s.fset.Position(n.Pos()), lit.Value)
			}
			return true
		})
	}
}

// The simulator is reached over HTTP and over wires; its truth must not leak
// into those who are to find it.
func TestOnlyCmdKnowsTheSimulator(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasPrefix(s.pkg, "simulator") || strings.HasPrefix(s.pkg, "cmd/") {
			continue
		}
		for _, p := range imports(s.file) {
			if strings.HasPrefix(p, module+"/simulator") {
				t.Errorf("%s imports %s", s.path, p)
			}
		}
	}
}

// TestLookAgain prints what has grown large. It does not fail: size is a mark
// to look again, not a fault.
func TestLookAgain(t *testing.T) {
	perPackage := map[string]int{}
	for _, s := range sources(t) {
		perPackage[s.pkg] += s.lines
		if s.lines > 400 {
			t.Logf("look again: %s has %d lines", s.path, s.lines)
		}
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > 60 {
					t.Logf("look again: %s: %s has %d lines", s.path, f.Name.Name, n)
				}
			}
		}
	}
	for pkg, n := range perPackage {
		if n > 3000 {
			t.Logf("look again: package %s has %d lines", pkg, n)
		}
	}
}

// The user requires huego at exactly v1.2.1: newer pseudo-versions are refused
// by proxies, and its traps were measured at this one.
func TestRequiredLibraries(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"github.com/amimof/huego v1.2.1", "github.com/google/gopacket v1.1.19"} {
		if !strings.Contains(string(mod), want) {
			t.Errorf("go.mod does not require %s", want)
		}
	}
	out, err := exec.Command("go", "list", "-f", "{{join .Imports \" \"}}", "./hue").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "github.com/amimof/huego") {
		t.Error("package hue does not use huego")
	}
}
