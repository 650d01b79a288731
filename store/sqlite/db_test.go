package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hueprint/hueprint/store"
	"github.com/hueprint/hueprint/store/storetest"
)

const childVariable = "HUEPRINT_TEST_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		writeUntilKilled(path)
		return
	}
	goleak.VerifyTestMain(m)
}

func openAt(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openNew(t testing.TB) *DB { return openAt(t, filepath.Join(t.TempDir(), "store.db")) }

func TestStore(t *testing.T) {
	storetest.Store(t, func(t *testing.T) store.Store { return openNew(t) })
}

func TestThePathMayHoldAnyCharacter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e&mode=memory")
	openAt(t, filepath.Join(dir, "store.db"))
	if _, err := os.Stat(filepath.Join(dir, "store.db")); err != nil {
		t.Error(err)
	}
}

func TestTheFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	if err := db.PutRun(t.Context(), store.Run{ID: "A"}); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(path + "*")
	if err != nil || len(names) < 3 {
		t.Fatalf("files %v, %v", names, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	openAt(t, path) // closes it to others again
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestWhatWasKeptIsThereWhenTheFileIsOpenedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.PutRun(t.Context(), storetest.FullRun("A")), db.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := openAt(t, path).Run(t.Context(), "A"); err != nil || r.Light != "3" {
		t.Errorf("run %+v, %v", r, err)
	}
}

func TestAFileOfANewerProgramIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db := openAt(t, path)
	if _, err := db.sql.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, TRUE)"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, Options{})
	if err == nil || !strings.Contains(err.Error(), "a newer program made it (its schema is 99999") {
		t.Errorf("opened: %v", err)
	}
}

func TestWhatIsNoStoreIsRefusedWithAdvice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, Options{})
	if err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("opened: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(path, "below a file"), Options{}); err == nil {
		t.Error("opened a file below a file")
	}
}

func TestSeveralProcessesMayOpenANewFileAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := Open(t.Context(), path, Options{})
			if err == nil {
				err = db.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestReadersAndWritersAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	handles := []*DB{openAt(t, path), openAt(t, path)} // as the server and the command token
	var all sync.WaitGroup
	const writers, each = 4, 20
	for w := range writers {
		db := handles[w%2]
		all.Go(func() {
			for i := range each {
				r := storetest.FullRun(fmt.Sprintf("%d-%02d", w, i))
				if err := errors.Join(db.PutRun(t.Context(), r), db.PutFiring(t.Context(), store.Firing{ID: r.ID, Due: time.Now()})); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for range each {
				page, err := db.ListRuns(t.Context(), store.RunQuery{Gateway: "echo", Tag: "keep", Limit: 500})
				if err != nil {
					t.Error(err)
				}
				for _, r := range page.Runs {
					if len(r.Verdicts) != 2 || len(r.Tags) != 2 {
						t.Errorf("half a run was read: %+v", r)
					}
				}
			}
		})
	}
	all.Wait()
	if page, err := handles[0].ListRuns(t.Context(), store.RunQuery{}); err != nil || page.Total != writers*each {
		t.Errorf("%d runs of %d, %v", page.Total, writers*each, err)
	}
}

// writeUntilKilled enters runs and says of each that it is kept.
func writeUntilKilled(path string) {
	ctx := context.Background()
	db, err := Open(ctx, path, Options{})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%06d", i)
		if err := db.PutRun(ctx, storetest.FullRun(id)); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(id)
	}
}

func TestWhatACallHasKeptSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	kills := 8
	if testing.Short() {
		kills = 3
	}
	for range kills {
		last := killedWriter(t, path)
		db, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		r, err := db.Run(t.Context(), last)
		if err != nil || len(r.Verdicts) != 2 {
			t.Errorf("run %s, which was kept, is %+v, %v", last, r, err)
		}
		var sound string
		if err := db.sql.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
			t.Errorf("integrity: %s, %v", sound, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// killedWriter returns the last run that a writer had kept when it was killed.
func killedWriter(t *testing.T, path string) (last string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "error") {
			t.Fatal(lines.Text())
		}
		last = lines.Text()
		if n == 0 {
			time.AfterFunc(time.Duration(rand.IntN(80))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the writer was not killed")
	}
	return last
}
