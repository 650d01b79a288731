package hue

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/amimof/huego"
)

// Set puts a light into a state, as it is restored after a run: brightness and
// colour where the state tells them, by its colour mode, in 100 ms.
//
// The bridge refuses colours for a light that is off. So for a state that is
// off, Set reads the light, and only if its brightness or colour is not the
// wanted one turns it on with them first, for a moment. Saturation 0 and hue 0
// cannot be sent with huego: the same colour is then sent as xy if known, else
// as the nearest value. The receipt is of the last command. With [Done] and
// [ErrPartial] the bridge refused some of the values.
func (b *Bridge) Set(ctx context.Context, light string, s State) (Receipt, error) {
	if s.On {
		return b.setOn(ctx, light, s)
	}
	now, err := b.State(ctx, light)
	if err != nil {
		return Receipt{Outcome: Failed}, err
	}
	var partial error
	if !alike(now, s) {
		r, err := b.setOn(ctx, light, s)
		if r.Outcome != Done {
			return r, err
		}
		partial = err
	}
	r, err := b.Switch(ctx, light, false)
	if err == nil {
		err = partial
	}
	return r, err
}

func (b *Bridge) setOn(ctx context.Context, light string, s State) (Receipt, error) {
	operation := "set light " + printable(light)
	r, err := b.command(ctx, operation, light, commandFor(s))
	if err == nil && len(r.Refused) > 0 {
		err = explain(operation, fmt.Errorf("%w: %q", ErrPartial, r.Refused), *b.key)
	}
	return r, err
}

// commandFor is the huego state that turns a light on as wanted. huego leaves
// out every zero except on.
func commandFor(s State) huego.State {
	c := huego.State{On: true, Bri: s.Brightness, TransitionTime: 1}
	xy := []float32{s.XY[0], s.XY[1]}
	switch {
	case s.ColorMode == "ct":
		c.Ct = s.Mired
	case s.ColorMode == "xy", s.ColorMode == "hs" && (s.Hue == 0 || s.Saturation == 0) && s.XY != [2]float32{}:
		c.Xy = xy
	case s.ColorMode == "hs":
		c.Hue, c.Sat = s.Hue, max(s.Saturation, 1)
		if s.Hue == 0 {
			c.Hue = math.MaxUint16 // both ends of the circle are the same red
		}
	}
	return c
}

// alike reports whether a light has the brightness and colour of another state,
// as far as that tells them.
func alike(now, want State) bool {
	if want.Brightness != 0 && now.Brightness != want.Brightness {
		return false
	}
	switch want.ColorMode {
	case "ct":
		return now.ColorMode == "ct" && now.Mired == want.Mired
	case "xy":
		return now.ColorMode == "xy" && near(now.XY[0], want.XY[0]) && near(now.XY[1], want.XY[1])
	case "hs":
		return now.ColorMode == "hs" && now.Hue == want.Hue && now.Saturation == want.Saturation
	}
	return true
}

// near allows for the bridge's rounding to four decimals.
func near(a, b float32) bool { return math.Abs(float64(a-b)) < 0.0005 }

// Blink makes a light breathe once, so that a person can see which one it is. A
// light that is off is turned on for it and then off again; Blink returns after
// that.
func (b *Bridge) Blink(ctx context.Context, light string) error {
	before, err := b.State(ctx, light)
	if err != nil {
		return err
	}
	alert := huego.State{On: true, Alert: "select"} // huego always sends on
	if _, err := b.command(ctx, "blink light "+printable(light), light, alert); err != nil || before.On {
		return err
	}
	pause(ctx, time.Second)
	_, err = b.Switch(context.WithoutCancel(ctx), light, false)
	return err
}
