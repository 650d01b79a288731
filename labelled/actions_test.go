package labelled_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hueprint/hueprint/labelled"
)

func TestReadActions(t *testing.T) {
	for name, table := range map[string]string{
		"UnixSeconds": "time,action,channel\n1691328481.423,on,\"Kasa app, LAN\"\n1691328541.5,off,x\n",
		"RFC3339":     "Time; Action\n2023-08-06T15:28:01.423+02:00; on\n2023-08-06T13:29:01.5Z; off\n",
		"TabsAndBOM":  "\ufefftime\taction\r\n1691328481.423\ton\r\n1691328541.500\toff\r\n",
		"Disordered":  "action,time\noff,1691328541.5\non,1691328481.423\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := labelled.ReadActions(strings.NewReader(table), "actions.csv")
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || got[0].Action != "on" || got[1].Action != "off" ||
				!got[0].Time.Equal(time.Unix(1691328481, 423000000)) || !got[1].Time.Equal(time.Unix(1691328541, 500000000)) {
				t.Errorf("read %+v", got)
			}
			if name == "UnixSeconds" && got[0].Extra["channel"] != "Kasa app, LAN" {
				t.Errorf("extras are %v", got[0].Extra)
			}
		})
	}
}

func TestReadActionsRefusals(t *testing.T) {
	for name, tt := range map[string]struct{ table, want string }{
		"Empty":      {"", "is empty"},
		"NoColumn":   {"when,action\n1,on\n", `no column "time"`},
		"NoRows":     {"time,action\n", "lists no actions"},
		"LocalTime":  {"time,action\n2023-08-06 15:28:01,on\n", "a zone is needed"},
		"EmptyLabel": {"time,action\n1,\n", "actions.csv:2: the action is empty"},
		"TwoLines":   {"time,action\nx,on\n1,on\ny,off\n", `actions.csv:4: time "y"`},
		"ShortLine":  {"time,action\n1\n", "1 fields where the header has 2"},
		"Quote":      {"time,action\n1,\"on\n", "actions.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := labelled.ReadActions(strings.NewReader(tt.table), "actions.csv")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestParseGateway(t *testing.T) {
	g, err := labelled.ParseGateway("192.168.1.135\n, 00:17:88:01:02:03 ")
	if err != nil || len(g.Addrs) != 1 || len(g.MACs) != 1 || g.Name != "192.168.1.135" {
		t.Errorf("got %+v, %v", g, err)
	}
	for _, bad := range []string{"", "\n", "router", "192.168.1.135 300.1.1.1"} {
		if _, err := labelled.ParseGateway(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzReadActions(f *testing.F) {
	f.Add("time,action\n1691328481.423,on\n")
	f.Add("time;action\n2023-08-06T13:28:01Z;\"on\"\n")
	f.Fuzz(func(t *testing.T, table string) {
		got, err := labelled.ReadActions(strings.NewReader(table), "f")
		if err == nil && len(got) == 0 {
			t.Error("no actions and no error")
		}
		for i := 1; i < len(got); i++ {
			if got[i].Time.Before(got[i-1].Time) {
				t.Error("not in order of time")
			}
		}
	})
}
