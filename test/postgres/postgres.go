// Package postgres gives tests a real PostgreSQL: one server for a test
// binary, one database for each test that asks.
//
// A binary that uses it has
//
//	func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }
//
// The server is started at the first use, listens on 127.0.0.1 alone, keeps
// its files in a temporary folder, and is stopped by Main. A test is skipped
// only if no PostgreSQL can be had, and says why.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// errAbsent: there is no PostgreSQL on this machine and none can be installed.
var errAbsent = errors.New("no PostgreSQL")

// nobody runs the server, which refuses to run as root.
const nobody = 65534

// Address is where the server listens. Tests whose pods or other machines must
// reach it set another one before they first use it; who comes from elsewhere
// signs in as postgres with Password.
var Address = "127.0.0.1"

const loopback = "127.0.0.1"

// Password of the user postgres, for who comes from elsewhere.
const Password = "a password: of postgres"

// the is the server of this test binary.
var the struct {
	started sync.Once
	server  *server
	err     error
	ready   atomic.Bool // Main will clean up
	count   atomic.Int64
}

type server struct {
	dir    string
	port   int
	cmd    *exec.Cmd
	exited chan error
}

// Main runs the tests and then stops the server, if one was started.
func Main(m *testing.M) int {
	the.ready.Store(true)
	code := m.Run()
	if the.server != nil {
		the.server.stop()
	}
	return code
}

// URL returns the URL of a new, empty database, which is gone with the server.
func URL(t testing.TB) string {
	t.Helper()
	if !the.ready.Load() {
		t.Fatal("a test binary that uses package postgres needs: func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }")
	}
	the.started.Do(func() { the.server, the.err = start() })
	switch {
	case errors.Is(the.err, errAbsent):
		t.Skip(the.err)
	case the.err != nil:
		t.Fatal(the.err)
	}
	name := "test" + strconv.FormatInt(the.count.Add(1), 10)
	if err := the.server.exec("CREATE DATABASE " + name); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	return the.server.url(name)
}

func (s *server) url(database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort(Address, strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	if Address != loopback {
		u.User = url.UserPassword("postgres", Password)
	}
	return u.String()
}

func (s *server) exec(statement string) error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	_, err = db.Exec(statement)
	return errors.Join(err, db.Close())
}

func start() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: the server outlives the test, and nobody must get in.
	dir, err := os.MkdirTemp("", "weir-postgres")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, exited: make(chan error, 1)}
	if err := s.run(bin); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return s, nil
}

func (s *server) run(bin string) error {
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		if err := os.Chown(s.dir, nobody, nobody); err != nil {
			return err
		}
	}
	data := filepath.Join(s.dir, "data")
	args := []string{"-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"}
	if Address != loopback {
		password := filepath.Join(s.dir, "password")
		if err := os.WriteFile(password, []byte(Password), 0o644); err != nil {
			return err
		}
		args = append(args, "--auth-host=scram-sha-256", "--pwfile="+password)
	}
	initdb := s.command(filepath.Join(bin, "initdb"), args...)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if Address != loopback {
		if err := letIn(filepath.Join(data, "pg_hba.conf")); err != nil {
			return err
		}
	}
	// The port is free now and may be taken in a moment: then try another.
	var err error
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.serve(bin, data); err == nil {
			return nil
		}
	}
	return err
}

// letIn lets everybody in who knows the password.
func letIn(rules string) error {
	f, err := os.OpenFile(rules, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("host all all 0.0.0.0/0 scram-sha-256\n")
	return errors.Join(err, f.Close())
}

// serve starts the server and returns when it answers, or has ended.
func (s *server) serve(bin, data string) error {
	logPath := filepath.Join(s.dir, "log")
	log, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.cmd = s.command(filepath.Join(bin, "postgres"), "-D", data, "-h", Address, "-p", strconv.Itoa(s.port), "-k", s.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=200", "-c", "wal_level=logical")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	started := make(chan error)
	go func() {
		// The server is told when the thread that made it ends, so the thread
		// must live as long as the test binary wants the server.
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.exited <- s.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	// No clock decides whether it works: it answers, or it ends.
	for {
		select {
		case err := <-s.exited:
			text, _ := os.ReadFile(logPath)
			return fmt.Errorf("postgres ended: %w\n%s", err, text)
		case <-time.After(20 * time.Millisecond):
			if s.exec("SELECT 1") == nil {
				return nil
			}
		}
	}
}

// command makes one that runs as nobody if we are root, and ends with us.
func (s *server) command(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if filepath.Base(path) == "postgres" {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // an immediate shutdown
	}
	return cmd
}

// stop ends the server by its pid and removes its files.
func (s *server) stop() {
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err == nil {
		<-s.exited
	}
	_ = os.RemoveAll(s.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(Address, "0"))
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// binaries finds the folder of initdb and postgres, and installs Debian's if
// there is none and we may. Test binaries run side by side and apt refuses the
// second, so one installs while the others wait, and then look again.
func binaries() (string, error) {
	unlock, err := alone()
	if err != nil {
		return "", err
	}
	defer unlock()
	if bin := find(); bin != "" {
		return bin, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Getuid() != 0 {
		return "", fmt.Errorf("%w: install it with: apt-get install postgresql", errAbsent)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for _, args := range [][]string{{"update"}, {"install", "-y", "--no-install-recommends", "postgresql"}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: apt-get %s: %w\n%s", errAbsent, args[0], err, out)
		}
	}
	if bin := find(); bin != "" {
		return bin, nil
	}
	return "", fmt.Errorf("%w: Debian's package was installed, but initdb is not in /usr/lib/postgresql/*/bin", errAbsent)
}

// alone holds a lock that only one process of the machine has, for as long as
// an installation may take.
func alone() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("weir-postgres-install-%d.lock", os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the installation of PostgreSQL: %w", err)
	}
	for end := time.Now().Add(6 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing unlocks
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(end) {
			return nil, errors.Join(fmt.Errorf("lock the installation of PostgreSQL: %w", err), f.Close())
		}
	}
}

func find() string {
	folders, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			folders = append(folders, filepath.Dir(initdb))
		}
	}
	for _, folder := range folders {
		_, errInit := os.Stat(filepath.Join(folder, "initdb"))
		_, errServer := os.Stat(filepath.Join(folder, "postgres"))
		if errInit == nil && errServer == nil {
			return folder
		}
	}
	return ""
}
