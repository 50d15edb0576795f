package clustertest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weir-streams/weir/cluster"
	"github.com/weir-streams/weir/cluster/clustertest"
	"github.com/weir-streams/weir/flink/flinktest"
)

func TestFakeKeepsTheContract(t *testing.T) {
	clustertest.Run(t, fakeSubject)
}

func TestFakeKeepsTheContractOfSessions(t *testing.T) {
	clustertest.RunSessions(t, func(t *testing.T) clustertest.Subject {
		s := fakeSubject(t)
		s.Kill = func(_ *testing.T, ref cluster.Ref) { s.Launcher.(*clustertest.Fake).Kill(ref) }
		return s
	})
}

func fakeSubject(*testing.T) clustertest.Subject {
	fake := clustertest.NewFake(clustertest.Options{
		Timing: flinktest.Timing{
			Answer: time.Second, Initialize: time.Second, Deploy: time.Second, Savepoint: time.Second, Cancel: time.Second,
		},
		Customize: func(s cluster.Spec, o *flinktest.Options) {
			if s.Artifact.SQLScript == "SELEKT 1" {
				o.Broken = `line 1, column 1: "SELEKT" is no statement`
			}
		},
	})
	return clustertest.Subject{
		Launcher:  fake,
		Reopen:    func(*testing.T) cluster.Launcher { return fake },
		Artifact:  cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "INSERT INTO sink SELECT * FROM source"},
		Broken:    &cluster.Artifact{Kind: "SQLSCRIPT", SQLScript: "SELEKT 1"},
		Kill:      func(_ *testing.T, ref cluster.Ref) { fake.Cluster(ref).Strike(flinktest.Vanish) },
		Directory: "file:/disk",
		Advance:   func() { fake.Advance(300 * time.Millisecond) },
	}
}

func TestFaultsOfCalls(t *testing.T) {
	ctx := context.Background()
	ref := cluster.Ref{JobID: "6f1ed002-ab5a-4b3e-9d8c-000000000001"}
	fault := clustertest.None
	fake := clustertest.NewFake(clustertest.Options{Choose: func(clustertest.Call, cluster.Ref) clustertest.Fault { return fault }})

	fault = clustertest.Before
	if err := fake.Launch(ctx, cluster.Spec{Ref: ref}); err == nil || fake.Launches(ref) != 0 {
		t.Errorf("before: %v, %d launches", err, fake.Launches(ref))
	}
	fault = clustertest.Refuse
	if err := fake.Launch(ctx, cluster.Spec{Ref: ref}); !errors.Is(err, cluster.ErrRefused) {
		t.Errorf("refuse: %v", err)
	}
	fault = clustertest.After
	if err := fake.Launch(ctx, cluster.Spec{Ref: ref}); err == nil || fake.Launches(ref) != 1 {
		t.Errorf("after: %v, %d launches", err, fake.Launches(ref))
	}
	if o, err := fake.Observe(ctx, ref); err != nil || o.Presence != cluster.Unknown {
		t.Errorf("unknown: %+v, %v", o, err)
	}
	fault = clustertest.Before
	if err := fake.Terminate(ctx, ref); err == nil || fake.Cluster(ref) == nil {
		t.Errorf("terminate before: %v", err)
	}
	fault = clustertest.After
	if err := fake.Terminate(ctx, ref); err == nil || fake.Cluster(ref) != nil {
		t.Errorf("terminate after: %v", err)
	}
	fault = clustertest.DeadBorn
	if err := fake.Launch(ctx, cluster.Spec{Ref: ref}); err != nil {
		t.Fatal(err)
	}
	fault = clustertest.None
	if o, err := fake.Observe(ctx, ref); err != nil || !o.Failed {
		t.Errorf("dead born: %+v, %v", o, err)
	}
}
