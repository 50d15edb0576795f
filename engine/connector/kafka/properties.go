package kafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/weir-streams/weir/engine/option"
)

// properties are the settings of the Java clients under "properties.", as
// options of ours.
type properties struct {
	all     []kgo.Opt // for every client
	consume []kgo.Opt
	produce []kgo.Opt

	group          string
	reset          string // auto.offset.reset, "" if not given
	committed      bool   // isolation.level = read_committed
	acks           string
	transactionTTL time.Duration
	unused         []string // keys that mean nothing here
}

// Bounds on what the client keeps: one fetch of each broker, and rows not yet
// acknowledged by one.
const (
	fetchBytes          = 32 << 20
	fetchPartitionBytes = 4 << 20
	pendingBytes        = 64 << 20
	pendingRecords      = 1 << 16
)

func readProperties(o option.Values) (properties, error) {
	p := properties{transactionTTL: 15 * time.Minute}
	given := o.Under("properties.")
	given["bootstrap.servers"] = o.String("properties.bootstrap.servers")
	if g := o.String("properties.group.id"); g != "" {
		given["group.id"] = g
	}
	// Transactions outlive the client that wrote them, so they are those of
	// brokers before Kafka 4: their number does not change when they end.
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Produce), 11)
	versions.SetMaxKeyVersion(int16(kmsg.EndTxn), 4)
	p.all = append(p.all, kgo.MaxVersions(versions))
	p.consume = append(p.consume, kgo.FetchMaxBytes(fetchBytes), kgo.FetchMaxPartitionBytes(fetchPartitionBytes), kgo.FetchMaxWait(100*time.Millisecond))
	p.produce = append(p.produce, kgo.MaxBufferedBytes(pendingBytes), kgo.MaxBufferedRecords(pendingRecords), kgo.ProducerLinger(0))
	var s security
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value := strings.TrimSpace(given[key])
		if ok, err := s.take(key, value); ok || err != nil {
			if err != nil {
				return p, fmt.Errorf("option 'properties.%s': %w", key, err)
			}
			continue
		}
		if err := p.take(key, value); err != nil {
			return p, fmt.Errorf("option 'properties.%s': %w", key, err)
		}
	}
	opts, err := s.options()
	if err != nil {
		return p, err
	}
	p.all = append(p.all, opts...)
	return p, nil
}

func (p *properties) take(key, value string) error {
	number := func() (int64, error) {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("a whole number expected, got %q", value)
		}
		return n, nil
	}
	switch key {
	case "bootstrap.servers":
		var seeds []string
		for s := range strings.SplitSeq(value, ",") {
			if s = strings.TrimSpace(s); s == "" {
				continue
			}
			if _, after, ok := strings.Cut(s, "://"); ok {
				s = after
			}
			seeds = append(seeds, s)
		}
		if len(seeds) == 0 {
			return fmt.Errorf("host:port expected, got %q", value)
		}
		p.all = append(p.all, kgo.SeedBrokers(seeds...))
	case "group.id":
		p.group = value
	case "client.id":
		p.all = append(p.all, kgo.ClientID(value))
	case "client.rack":
		p.consume = append(p.consume, kgo.Rack(value))
	case "auto.offset.reset":
		if value != "earliest" && value != "latest" && value != "none" {
			return fmt.Errorf("earliest, latest or none expected, got %q", value)
		}
		p.reset = value
	case "isolation.level":
		if value != "read_committed" && value != "read_uncommitted" {
			return fmt.Errorf("read_committed or read_uncommitted expected, got %q", value)
		}
		if p.committed = value == "read_committed"; p.committed {
			p.consume = append(p.consume, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
		}
	case "fetch.min.bytes":
		n, err := number()
		if err != nil {
			return err
		}
		p.consume = append(p.consume, kgo.FetchMinBytes(int32(max(n, 1))))
	case "fetch.max.bytes":
		n, err := number()
		if err != nil {
			return err
		}
		p.consume = append(p.consume, kgo.FetchMaxBytes(int32(max(n, 1))))
	case "max.partition.fetch.bytes":
		n, err := number()
		if err != nil {
			return err
		}
		p.consume = append(p.consume, kgo.FetchMaxPartitionBytes(int32(max(n, 1))))
	case "fetch.max.wait.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.consume = append(p.consume, kgo.FetchMaxWait(time.Duration(max(n, 10))*time.Millisecond))
	case "metadata.max.age.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.all = append(p.all, kgo.MetadataMaxAge(time.Duration(max(n, 2500))*time.Millisecond))
	case "acks":
		switch value {
		case "all", "-1", "1", "0":
			p.acks = value
		default:
			return fmt.Errorf("all, 1 or 0 expected, got %q", value)
		}
	case "compression.type":
		codec, ok := map[string]kgo.CompressionCodec{
			"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
		}[value]
		if !ok {
			return fmt.Errorf("none, gzip, snappy, lz4 or zstd expected, got %q", value)
		}
		p.produce = append(p.produce, kgo.ProducerBatchCompression(codec))
	case "batch.size", "max.request.size":
		n, err := number()
		if err != nil {
			return err
		}
		if key == "max.request.size" {
			p.produce = append(p.produce, kgo.ProducerBatchMaxBytes(int32(max(n, 1024))))
		} else {
			p.unused = append(p.unused, key)
		}
	case "linger.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.produce = append(p.produce, kgo.ProducerLinger(time.Duration(n)*time.Millisecond))
	case "transaction.timeout.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.transactionTTL = time.Duration(max(n, 1)) * time.Millisecond
	case "request.timeout.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.all = append(p.all, kgo.RequestTimeoutOverhead(time.Duration(max(n, 1000))*time.Millisecond))
	case "delivery.timeout.ms":
		n, err := number()
		if err != nil {
			return err
		}
		p.produce = append(p.produce, kgo.RecordDeliveryTimeout(time.Duration(max(n, 1000))*time.Millisecond))
	default:
		p.unused = append(p.unused, key)
	}
	return nil
}
