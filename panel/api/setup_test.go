package api_test

import (
	"strings"
	"testing"

	"github.com/hueprint/hueprint/panel/lab"
	"github.com/hueprint/hueprint/panel/labtest"
	"github.com/hueprint/hueprint/store"
)

func TestSettingUp(t *testing.T) {
	s := serve(t, labtest.Empty(t))
	s.want(t, 200, "POST", "/bridge/discover", admin, nil, nil)
	bridge := some{"address": "http://127.0.0.1:8080"}
	if d := s.refused(t, 409, "POST", "/bridge/pair", bridge); !strings.Contains(d, "press it, then pair again") {
		t.Errorf("without the button: %s", d)
	}
	s.want(t, 204, "POST", "/bridge/button", admin, nil, nil)
	s.want(t, 200, "POST", "/bridge/pair", admin, bridge, nil)
	var paired lab.Bridge
	s.want(t, 200, "GET", "/bridge", view, nil, &paired)
	if paired.Address != "http://127.0.0.1:8080" {
		t.Errorf("paired with %+v", paired)
	}
	s.refusedRaw(t, 422, "POST", "/bridge/pair", `{"address":" "}`)

	s.want(t, 200, "GET", "/lights", admin, nil, nil)
	s.want(t, 204, "POST", "/lights/2/blink", admin, nil, nil)
	s.want(t, 204, "POST", "/lights/2/choose", admin, nil, nil)
	s.refused(t, 404, "POST", "/lights/9/choose", nil)

	s.want(t, 200, "GET", "/interfaces", admin, nil, nil)
	s.want(t, 200, "POST", "/interfaces/sim0/hosts", admin, some{}, nil)
	s.refused(t, 404, "POST", "/interfaces/none/hosts", some{})
	s.refusedRaw(t, 422, "POST", "/interfaces/sim0/hosts", `{"within_ns":1}`)

	g := some{"interface": "sim0", "macs": []string{"24:fd:5b:00:00:01"}, "addresses": []string{"192.168.1.20"}, "linked": true}
	s.want(t, 200, "PUT", "/gateways/aeotec", admin, g, nil)
	s.want(t, 200, "GET", "/gateways", view, nil, nil)
	s.refusedRaw(t, 422, "PUT", "/gateways/aeotec", `{"interface":"sim0","macs":["x"]}`)
	s.refusedRaw(t, 422, "PUT", "/gateways/aeotec", `{"interface":"sim0"}`)
	s.want(t, 204, "DELETE", "/gateways/aeotec", admin, nil, nil)
	s.refused(t, 404, "DELETE", "/gateways/aeotec", nil)
	s.want(t, 200, "POST", "/checks", admin, nil, nil)
}

func TestTheConfigurationFile(t *testing.T) {
	s := serve(t, labtest.Full(t))
	var f lab.Configuration
	s.want(t, 200, "GET", "/configuration", admin, nil, &f)
	var checked struct{ Mistakes []struct{ Line int } }
	s.want(t, 200, "POST", "/configuration/check", admin, some{"text": "lab: x\nlabb: y\n"}, &checked)
	if len(checked.Mistakes) == 0 || checked.Mistakes[0].Line == 0 {
		t.Errorf("mistakes %+v", checked)
	}
	if w := s.want(t, 422, "PUT", "/configuration", admin, some{"text": "lab: [", "revision": f.Revision}, nil); !strings.Contains(w.Body.String(), `"mistakes":[{`) {
		t.Errorf("a wrong text: %s", w.Body)
	}
	text := "# mine\n" + f.Text
	s.want(t, 200, "PUT", "/configuration", admin, some{"text": text, "revision": f.Revision}, nil)
	s.refused(t, 409, "PUT", "/configuration", some{"text": text, "revision": f.Revision})
}

func TestPeople(t *testing.T) {
	s := serve(t, labtest.Full(t))
	ben := some{"name": "ben", "password": "correct horse", "scope": "run"}
	if w := s.want(t, 201, "POST", "/accounts", admin, ben, nil); strings.Contains(w.Body.String(), "argon2") {
		t.Errorf("told the hash: %s", w.Body)
	}
	s.refused(t, 409, "POST", "/accounts", ben)
	s.refusedRaw(t, 422, "POST", "/accounts", `{"name":"x","password":"short","scope":"run"}`)
	s.refusedRaw(t, 422, "POST", "/accounts", `{"name":"x","password":"long enough to be","scope":"root"}`)
	s.want(t, 204, "PATCH", "/accounts/ben", admin, some{"scope": "view", "password": "another horse"}, nil)
	s.refused(t, 422, "PATCH", "/accounts/ben", some{})
	s.refused(t, 404, "PATCH", "/accounts/nobody", some{"scope": "view"})
	s.refused(t, 409, "DELETE", "/accounts/ada", nil)
	s.refused(t, 409, "PATCH", "/accounts/ada", some{"scope": "view"})
	s.want(t, 204, "DELETE", "/accounts/ben", admin, nil, nil)
	s.refused(t, 404, "DELETE", "/accounts/ben", nil)
	s.refused(t, 422, "POST", "/me/password", some{"old": "x", "new": "long enough to be"})

	var made struct {
		Token  store.Token
		Secret string
	}
	s.want(t, 201, "POST", "/tokens", admin, some{"name": "ci", "scope": "view", "expires": "2027-01-01T00:00:00Z"}, &made)
	s.secrets["new"] = made.Secret
	s.want(t, 200, "GET", "/me", "new", nil, nil)
	if w := s.want(t, 200, "GET", "/tokens", admin, nil, nil); strings.Contains(w.Body.String(), made.Secret) || strings.Contains(w.Body.String(), "hash") {
		t.Errorf("a list tells secrets: %s", w.Body)
	}
	s.refused(t, 422, "POST", "/tokens", some{"name": "ci", "scope": "view", "expires": "2020-01-01T00:00:00Z"})
	s.want(t, 204, "DELETE", "/tokens/"+made.Token.ID, admin, nil, nil)
	s.want(t, 401, "GET", "/me", "new", nil, nil)
	s.refused(t, 404, "DELETE", "/tokens/"+made.Token.ID, nil)
	s.want(t, 200, "GET", "/accounts", admin, nil, nil)
}
