package hue_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/hueprint/hueprint/hue"
)

// A lamp is switched on a prepared connection, and put back as it was.
func Example() {
	client := hue.NewClient(hue.ClientOptions{}) // the command also sets it as net/http's default client
	if err := toggle(context.Background(), "https://192.0.2.2", "bridge.key", client); err != nil {
		log.Fatal(err)
	}
}

func toggle(ctx context.Context, address, keyFile string, client *http.Client) error {
	key, err := hue.LoadKey(keyFile)
	if err != nil {
		return err
	}
	bridge, err := hue.New(address, key, client)
	if err != nil {
		return err
	}
	found, err := bridge.State(ctx, "1")
	if err != nil {
		return err
	}
	if err := bridge.Prepare(ctx); err != nil {
		return err
	}
	time.Sleep(time.Second) // until the slot's instant
	receipt, err := bridge.Switch(ctx, "1", !found.On)
	fmt.Println(receipt.Outcome, receipt.Written, err)
	_, err = bridge.Set(ctx, "1", found)
	return err
}
