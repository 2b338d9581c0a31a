package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/query"
)

func TestLedger(t *testing.T) {
	url := serve(t, Config{})
	c := client(t, url)
	event := query.LedgerEvent{Actor: "ann", Cluster: "other/abort in leafd", Action: query.ActionNote, Text: "seen on db-7"}
	kept, err := c.Append(context.Background(), []query.LedgerEvent{event})
	if err != nil || len(kept) != 1 || kept[0].ID.IsZero() || kept[0].Time.IsZero() {
		t.Fatalf("kept %+v, %v; want one event with an id and a time", kept, err)
	}
	one, err := json.Marshal(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	if status, _, reply := post(t, url+"/api/v1/ledger", typeJSON, "", one); status != http.StatusOK {
		t.Errorf("the same event again, alone: %d %s", status, reply)
	}
	resp, err := http.Get(url + "/api/v1/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all query.LedgerEvents
	if err := json.Unmarshal(body, &all); err != nil || len(all.Events) != 1 || all.Events[0].Text != event.Text {
		t.Errorf("ledger %s, %v; want the one event", body, err)
	}
}

func TestLedgerRefusals(t *testing.T) {
	url := serve(t, Config{})
	for name, tc := range map[string]struct{ body, want string }{
		"not JSON":      {`x`, "neither a ledger event nor"},
		"empty":         {`{"events":[]}`, `"field":"events"`},
		"unknown field": {`{"actor":"ann","cluser":"other"}`, "cluser"},
		"no text":       {`{"events":[{"actor":"ann","cluster":"other/x","action":"note","text":"a"},{"actor":"ann","cluster":"other/x","action":"note"}]}`, `"field":"events[1].text"`},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, reply := post(t, url+"/api/v1/ledger", typeJSON, "", []byte(tc.body))
			if status != http.StatusBadRequest || !strings.Contains(string(reply), tc.want) {
				t.Errorf("%d %s; want 400 with %s", status, reply, tc.want)
			}
		})
	}
}
