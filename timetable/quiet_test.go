package timetable

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuietHours(t *testing.T) {
	q, err := ParseQuiet("22:00-06:00, 12:00-12:30", "Europe/Prague")
	if err != nil {
		t.Fatal(err)
	}
	for at, end := range map[string]string{
		"2027-03-27 21:59:59 +0100": "",
		"2027-03-27 22:00:00 +0100": "2027-03-28 06:00:00 +0200",
		"2027-03-28 01:59:00 +0100": "2027-03-28 06:00:00 +0200",
		"2027-10-31 02:30:00 +0100": "2027-10-31 06:00:00 +0100",
		"2027-03-28 06:00:00 +0200": "",
		"2027-03-28 12:29:59 +0200": "2027-03-28 12:30:00 +0200",
	} {
		t0, _ := time.Parse(stamp, at)
		got := ""
		if e := q.End(t0); !e.IsZero() {
			got = e.Format(stamp)
		}
		if got != end || q.Contains(t0) != (end != "") {
			t.Errorf("at %s: end %q, want %q; contains %v", at, got, end, q.Contains(t0))
		}
	}
	if q.String() != "22:00-06:00,12:00-12:30" {
		t.Error(q.String())
	}
	if (Quiet{}).Contains(time.Time{}) || !(Quiet{}).End(time.Time{}).IsZero() {
		t.Error("the zero value is quiet")
	}
}

func TestRefusedQuietHours(t *testing.T) {
	for _, spec := range []string{"22-06", "22:00", "25:00-06:00", "06:00-06:00", "24:00-06:00", "00:00-24:00", "00:00-12:00,12:00-00:00", ",", "22:00-06:00,", "a-b"} {
		if _, err := ParseQuiet(spec, ""); err == nil || !strings.Contains(err.Error(), "quiet hours") {
			t.Errorf("%q: %v", spec, err)
		}
	}
	if _, err := ParseQuiet("22:00-06:00", "Nowhere"); err == nil {
		t.Error("an unknown zone is accepted")
	}
}

func TestQuietHoursEndWhereTheyAreNotAnyMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.StringMatching(`([01][0-9]|2[0-3]):[0-5][0-9]`)
		q, err := ParseQuiet(clock.Draw(t, "from")+"-"+clock.Draw(t, "to"), "Australia/Lord_Howe")
		if err != nil {
			t.Skip(err)
		}
		at := time.Unix(rapid.Int64Range(1.8e9, 1.84e9).Draw(t, "at"), 0)
		end := q.End(at)
		if end.IsZero() {
			return
		}
		if !end.After(at) || q.Contains(end) || !q.Contains(end.Add(-time.Second)) {
			t.Fatalf("%s at %v ends at %v", q, at, end)
		}
	})
}

func FuzzParseQuiet(f *testing.F) {
	f.Add("22:00-06:00,12:00-13:00", "Europe/Prague", int64(1_800_000_000))
	f.Add("00:00-24:00", "", int64(0))
	f.Fuzz(func(t *testing.T, spec, zone string, at int64) {
		q, err := ParseQuiet(spec, zone)
		if err != nil {
			return
		}
		again, err := ParseQuiet(q.String(), zone)
		if err != nil || again.String() != q.String() {
			t.Fatalf("%q reads back as %q: %v", spec, again, err)
		}
		q.End(time.Unix(at%4e9, 0))
	})
}
