package kafka

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

func TestBrokerKeepsItsDataOverARestart(t *testing.T) {
	b := Start(t)
	b.Topic(t, "t", 1)
	c, err := kgo.NewClient(kgo.SeedBrokers(b.Addr), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.ProduceSync(context.Background(), &kgo.Record{Topic: "t", Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	b.Restart(t)
	for {
		f := c.PollFetches(context.Background())
		if f.NumRecords() > 0 {
			break
		}
	}
}
