package validation

import "fmt"

// Sizes are how many runs each part of the validation simulates.
type Sizes struct {
	// Null, Mark and Cause count the runs of each null, of each rate of reaction,
	// and of each cause; Look and LookMark those with planned looks, of each null
	// and of each rate.
	Null, Mark, Cause, Look, LookMark int
}

// Full are the sizes of docs/validation.md; Reduced those that take a minute.
func Full() Sizes { return Sizes{Null: 1000, Mark: 200, Cause: 1000, Look: 1000, LookMark: 100} }

// Reduced sizes show that everything runs and is nowhere far off.
func Reduced() Sizes { return Sizes{Null: 100, Mark: 50, Cause: 30, Look: 50, LookMark: 10} }

// Results are what the validation found.
type Results struct {
	Sizes  Sizes
	Levels []Level
	Marks  []Detection
	Causes []Attribution
	// Looks and LookMarks are runs with planned looks: nulls and marks.
	Looks, LookMarks []Sequence
	Reduced          bool
}

// The seeds of the parts: each of its rows has a thousand of its own, so that
// no two simulated runs share one.
const (
	nullSeed  = 0
	markSeed  = 100_000
	causeSeed = 200_000
	lookSeed  = 300_000
	findSeed  = 400_000
	rowSeeds  = 1_000
)

// Run does the whole validation; progress is told the name of each row before
// it is made.
func Run(sizes Sizes, progress func(row string)) (Results, error) {
	out := Results{Sizes: sizes, Reduced: sizes != Full()}
	for i, n := range Nulls() {
		progress("null: " + n.Name)
		l, err := Calibrate(n, sizes.Null, nullSeed+rowSeeds*uint64(i))
		if err != nil {
			return out, err
		}
		out.Levels = append(out.Levels, l)
	}
	for i := range 10 {
		rate := float64(10-i) / 10
		progress(fmt.Sprintf("power: rate %.1f", rate))
		d, err := Detect(rate, sizes.Mark, markSeed+rowSeeds*uint64(i))
		if err != nil {
			return out, err
		}
		out.Marks = append(out.Marks, d)
	}
	for i, c := range Causes() {
		progress("cause: " + c.Name)
		a, err := Attribute(c, sizes.Cause, causeSeed+rowSeeds*uint64(i))
		if err != nil {
			return out, err
		}
		out.Causes = append(out.Causes, a)
	}
	err := out.look(progress)
	return out, err
}

// look does the part of runs with planned looks.
func (r *Results) look(progress func(row string)) error {
	for i, n := range lookNulls() {
		progress("looks, null: " + n.Name)
		s, err := CalibrateLooks(n, r.Sizes.Look, lookSeed+rowSeeds*uint64(i))
		if err != nil {
			return err
		}
		r.Looks = append(r.Looks, s)
	}
	for i, rate := range lookRates() {
		progress(fmt.Sprintf("looks, power: rate %.1f", rate))
		s, err := DetectLooks(rate, r.Sizes.LookMark, findSeed+rowSeeds*uint64(i))
		if err != nil {
			return err
		}
		r.LookMarks = append(r.LookMarks, s)
	}
	return nil
}
