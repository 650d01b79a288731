package hue

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// resource is a light in API v2, whole or as much as an event tells.
type resource struct {
	ID   string `json:"id"`
	IDv1 string `json:"id_v1"`
	Type string `json:"type"`
	On   *struct {
		On *bool `json:"on"`
	} `json:"on"`
	Dimming *struct {
		Brightness *float64 `json:"brightness"`
	} `json:"dimming"`
	Color *struct {
		XY *struct {
			X float64 `json:"x"`
			Y float64 `json:"y"`
		} `json:"xy"`
	} `json:"color"`
	Temperature *struct {
		Mirek *uint16 `json:"mirek"`
	} `json:"color_temperature"`
}

// number is the light's number in API v1, empty for what is no light of v1.
func (r resource) number() string {
	n, found := strings.CutPrefix(r.IDv1, "/lights/")
	if _, err := lightNumber(n); !found || err != nil {
		return ""
	}
	return n
}

// parseResources maps the ids of API v2 to the numbers of API v1.
func parseResources(body []byte) (map[string]string, error) {
	var answer struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Data == nil {
		return nil, fmt.Errorf("%w: no list of lights", ErrAnswer)
	}
	numbers := map[string]string{}
	for _, raw := range answer.Data {
		var r resource
		if json.Unmarshal(raw, &r) == nil && r.ID != "" && r.number() != "" {
			numbers[r.ID] = r.number()
		}
	}
	return numbers, nil
}

// parseChanges reads the data of one event: a list of containers, each with the
// resources that changed. What is not understood is skipped.
func parseChanges(data []byte, numbers map[string]string) (changes []Change) {
	var containers []struct {
		Created string            `json:"creationtime"`
		Type    string            `json:"type"`
		Data    []json.RawMessage `json:"data"`
	}
	if json.Unmarshal(data, &containers) != nil {
		return nil
	}
	for _, c := range containers {
		created, _ := time.Parse(time.RFC3339, c.Created)
		for _, raw := range c.Data {
			var r resource
			if c.Type == "update" && json.Unmarshal(raw, &r) == nil && r.Type == "light" {
				changes = append(changes, r.change(created, numbers))
			}
		}
	}
	return changes
}

func (r resource) change(created time.Time, numbers map[string]string) Change {
	c := Change{Created: created, Light: r.number(), Resource: r.ID}
	if c.Light == "" {
		c.Light = numbers[r.ID]
	}
	if r.On != nil {
		c.On = r.On.On
	}
	if r.Dimming != nil {
		c.Brightness = r.Dimming.Brightness
	}
	if r.Color != nil && r.Color.XY != nil {
		c.XY = &[2]float64{r.Color.XY.X, r.Color.XY.Y}
	}
	if r.Temperature != nil {
		c.Mired = r.Temperature.Mirek
	}
	return c
}
