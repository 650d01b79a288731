package labelled

import (
	"testing"
	"time"

	"github.com/hueprint/hueprint/traffic"
)

func TestJumpsOfTheClockEndACapture(t *testing.T) {
	tests := map[string]struct {
		seconds []float64
		want    int // frames that are passed on
		whole   bool
	}{
		"in order":          {[]float64{0, 1, 2, 3000}, 4, true},
		"a little mixed":    {[]float64{0, 5, 2, 6}, 4, true},
		"one far ahead":     {[]float64{0, 1, 1e8, 2, 3}, 2, false},
		"one an hour ahead": {[]float64{0, 1, 3600, 2, 3}, 2, false},
		"one far behind":    {[]float64{5000, 5001, 2, 5002}, 1, false},
		"the last far off":  {[]float64{0, 1, 1e9}, 2, false},
		"none":              {nil, 0, true},
	}
	for name, test := range tests {
		frames := func(yield func(traffic.Frame, error) bool) {
			for i, s := range test.seconds {
				if !yield(traffic.Frame{Time: time.Unix(0, int64(s*1e9)), Data: []byte{byte(i)}, Number: i + 1}, nil) {
					return
				}
			}
		}
		n, whole := 0, true
		for f, err := range steady(frames) {
			if err != nil {
				whole = false
				continue
			}
			if n++; f.Number != n || int(f.Data[0]) != n-1 {
				t.Errorf("%s: frame %d holds %v after %d", name, f.Number, f.Data, n-1)
			}
		}
		if n != test.want || whole != test.whole {
			t.Errorf("%s: %d frames, whole %t; want %d, %t", name, n, whole, test.want, test.whole)
		}
	}
}
