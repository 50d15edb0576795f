// Package kafka gives tests a real Apache Kafka broker: one process with KRaft,
// on 127.0.0.1, its files in a temporary folder.
//
// The jars come from Maven Central into the user's cache, once for the machine.
// A test is skipped only if no broker can be had, and says why.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// version of Apache Kafka.
const version = "4.4.0"

var errAbsent = errors.New("no Apache Kafka")

// Broker is a broker of a test; it ends with the test.
type Broker struct {
	Addr string // host:port

	dir, lib string
	cmd      *exec.Cmd
	exited   chan error
}

// Start starts a broker for a test. Pairs of settings are added to its properties.
func Start(t testing.TB, settings ...string) *Broker {
	t.Helper()
	lib, err := install()
	if errors.Is(err, errAbsent) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	b := &Broker{dir: t.TempDir(), lib: lib}
	if err := b.format(settings); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.cmd != nil {
			b.Kill()
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(b.dir, "log"))
			t.Logf("the broker's log ends with:\n%s", log[max(0, len(log)-8000):])
		}
	})
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
	return b
}

// Kill ends the broker at once, as a crash does.
func (b *Broker) Kill() {
	_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	<-b.exited
	b.cmd = nil
}

// Restart kills the broker and starts it again on the same address and data.
func (b *Broker) Restart(t testing.TB) {
	t.Helper()
	b.Kill()
	if err := b.run(); err != nil {
		t.Fatal(err)
	}
}

// Topic makes a topic.
func (b *Broker) Topic(t testing.TB, name string, partitions int) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := kadm.NewClient(c).CreateTopic(context.Background(), int32(partitions), 1, nil, name); err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
}

func (b *Broker) format(settings []string) error {
	client, err := freePort()
	if err != nil {
		return err
	}
	controller, err := freePort()
	if err != nil {
		return err
	}
	b.Addr = fmt.Sprintf("127.0.0.1:%d", client)
	all := append([]string{
		"process.roles=broker,controller",
		"node.id=1",
		fmt.Sprintf("controller.quorum.voters=1@127.0.0.1:%d", controller),
		"controller.listener.names=CONTROLLER",
		fmt.Sprintf("listeners=PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d", b.Addr, controller),
		"advertised.listeners=PLAINTEXT://" + b.Addr,
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"log.dirs=" + filepath.Join(b.dir, "data"),
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=4",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=4",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"group.initial.rebalance.delay.ms=0",
		"log.cleaner.dedupe.buffer.size=4194304",
		"auto.create.topics.enable=false",
	}, settings...)
	if err := os.WriteFile(filepath.Join(b.dir, "server.properties"), []byte(strings.Join(all, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	out, err := b.command("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", "server.properties").CombinedOutput()
	if err != nil {
		return fmt.Errorf("format the broker's folder: %w\n%s", err, out)
	}
	return nil
}

func (b *Broker) command(class string, args ...string) *exec.Cmd {
	cmd := exec.Command("java", append([]string{"-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", filepath.Join(b.lib, "*"), class}, args...)...)
	cmd.Dir = b.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func (b *Broker) run() error {
	log, err := os.OpenFile(filepath.Join(b.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := b.command("kafka.Kafka", "server.properties")
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.Stdout, cmd.Stderr = log, log
	started, exited := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the broker ends with the thread that started it
		err := cmd.Start()
		started <- err
		if err == nil {
			exited <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	b.cmd, b.exited = cmd, exited
	// No clock decides whether it works: it answers, or it ends.
	c, err := kgo.NewClient(kgo.SeedBrokers(b.Addr))
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		select {
		case err := <-exited:
			text, _ := os.ReadFile(filepath.Join(b.dir, "log"))
			return fmt.Errorf("the broker ended: %w\n%s", err, text)
		case <-time.After(50 * time.Millisecond):
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			brokers, err := kadm.NewClient(c).ListBrokers(ctx)
			cancel()
			if err == nil && len(brokers) == 1 {
				return nil
			}
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + version + `</version></dependency></dependencies></project>
`

// install gives the folder of the broker's jars, and fetches them with Maven if
// they are not there. Java and Maven are installed from Debian if we may.
func install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "weir", "kafka-"+version)
	lib := filepath.Join(home, "lib")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the installation of Kafka: %w", err)
	}
	if err := need("java", "openjdk-17-jre-headless"); err != nil {
		return "", err
	}
	if _, err := os.Stat(lib); err == nil {
		return lib, nil
	}
	if err := need("mvn", "maven"); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(home, "pom.xml"), []byte(pom), 0o600); err != nil {
		return "", err
	}
	fetched := lib + ".part"
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", filepath.Join(home, "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+fetched).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: mvn: %w\n%s", errAbsent, err, out)
	}
	return lib, os.Rename(fetched, lib)
}

// need makes sure that a program is there.
func need(program, pack string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return fmt.Errorf("%w: %s is missing: apt-get install %s", errAbsent, program, pack)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", pack}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: apt-get %s: %w\n%s", errAbsent, args[0], err, out)
		}
	}
	return nil
}
