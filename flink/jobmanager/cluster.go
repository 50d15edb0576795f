package jobmanager

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/weir-streams/weir/engine"
	"github.com/weir-streams/weir/engine/state"
	"github.com/weir-streams/weir/flink"
)

func (m *JobManager) overview(r request) (any, error) {
	o := flink.Overview{
		TaskManagers: 1, SlotsTotal: slots(r.infos), SlotsAvailable: freeSlots(r.infos), FlinkVersion: Version, FlinkCommit: "weir",
	}
	for _, info := range r.infos {
		switch info.State {
		case engine.Finished:
			o.JobsFinished++
		case engine.Canceled:
			o.JobsCancelled++
		case engine.Failed:
			o.JobsFailed++
		default:
			o.JobsRunning++
		}
	}
	return o, nil
}

func (m *JobManager) dashboardConfig(request) (any, error) {
	name, offset := time.Now().Zone()
	return object{
		"refresh-interval": 1000, "timezone-name": name, "timezone-offset": offset * 1000, "flink-version": Version,
		"flink-revision": "weir",
		"features":       map[string]bool{"web-submit": false, "web-cancel": true, "web-rescale": false, "web-history": false},
	}, nil
}

func (m *JobManager) clusterConfig(request) (any, error) {
	entries := []flink.ConfigEntry{}
	for _, k := range slices.Sorted(maps.Keys(m.config.Configuration)) {
		v := m.config.Configuration[k]
		if secret(k) {
			v = "******"
		}
		entries = append(entries, flink.ConfigEntry{Key: k, Value: v})
	}
	return entries, nil
}

// secret knows the keys whose values are nobody's business, as Flink does.
func secret(key string) bool {
	key = strings.ToLower(key)
	for _, part := range []string{
		"password", "secret", "fs.azure.account.key", "apikey", "api-key", "auth-params", "service-key", "token",
		"basic-auth", "jaas.config", "http-headers", "private-key", "credential",
	} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}

func (m *JobManager) environment(request) (any, error) {
	path := []string{}
	if exe, err := os.Executable(); err == nil {
		path = append(path, exe)
	}
	options := []string{}
	for _, name := range []string{"GOMAXPROCS", "GOMEMLIMIT", "GOGC"} {
		if v := os.Getenv(name); v != "" {
			options = append(options, name+"="+v)
		}
	}
	return object{
		"jvm": object{"version": "weir engine, " + runtime.Version(), "arch": runtime.GOARCH, "options": options}, "classpath": path,
	}, nil
}

func (m *JobManager) logs(request) (any, error) {
	list := []object{}
	if info, err := os.Stat(m.config.LogFile); m.config.LogFile != "" && err == nil {
		list = append(list, object{"name": filepath.Base(m.config.LogFile), "size": info.Size(), "mtime": info.ModTime().UnixMilli()})
	}
	return object{"logs": list}, nil
}

// logShown bounds how much of the end of a log is served.
const logShown = 8 << 20

// serveLog gives the end of the one log there is. The name in the path is
// compared, never opened.
func (m *JobManager) serveLog(w http.ResponseWriter, r *http.Request) {
	if tm := r.PathValue("tm"); tm != "" && tm != taskManager {
		failWith(w, unknownTaskManager(tm))
		return
	}
	path := m.config.LogFile
	if name := r.PathValue("file"); path == "" || name != "" && name != filepath.Base(path) {
		fail(w, http.StatusNotFound, "This file does not exist in the log directory of the engine.")
		return
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		fail(w, http.StatusNotFound, "This file does not exist in the log directory of the engine.")
		return
	}
	if err != nil {
		failWith(w, err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		failWith(w, err)
		return
	}
	from := max(info.Size()-logShown, 0)
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// The reader may go away in the middle: there is nobody to tell.
	_, _ = io.Copy(w, io.NewSectionReader(f, from, logShown))
}

// threadDump lists goroutines: they are what a person wants to see.
func (m *JobManager) threadDump(request) (any, error) {
	b := make([]byte, 4<<20)
	b = b[:runtime.Stack(b, true)]
	infos := []object{}
	for text := range strings.SplitSeq(string(b), "\n\n") {
		name, _, _ := strings.Cut(text, " [")
		infos = append(infos, object{"threadName": name, "stringifiedThreadInfo": text})
	}
	return object{"threadInfos": infos}, nil
}

func (m *JobManager) taskManagers(r request) (any, error) {
	return object{"taskmanagers": []object{m.taskManagerObject(r.infos)}}, nil
}

func unknownTaskManager(id string) failure {
	return failure{http.StatusInternalServerError, "org.apache.flink.runtime.resourcemanager.exceptions.UnknownTaskExecutorException: No TaskExecutor registered under " + id + "."}
}

func (m *JobManager) ofTaskManager(p page) page {
	return func(r request) (any, error) {
		if id := r.PathValue("tm"); id != taskManager {
			return nil, unknownTaskManager(id)
		}
		return p(r)
	}
}

func (m *JobManager) taskManagerObject(infos []engine.JobInfo) object {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	limit := debug.SetMemoryLimit(-1)
	if limit > 1<<50 { // no limit is set
		limit = int64(mem.Sys)
	}
	n := slots(infos)
	resource := func(cores float64) object {
		return object{
			"cpuCores": cores, "taskHeapMemory": limit >> 20, "taskOffHeapMemory": 0, "managedMemory": 0, "networkMemory": 0,
			"extendedResources": object{},
		}
	}
	return object{
		"id": taskManager, "path": "weir:/" + m.host, "dataPort": 0, "jmxPort": -1, "timeSinceLastHeartbeat": time.Now().UnixMilli(),
		"slotsNumber": n, "freeSlots": freeSlots(infos), "assignedTasks": runningTasks(infos),
		"totalResource": resource(float64(runtime.GOMAXPROCS(0))), "freeResource": resource(0),
		"hardware": object{
			"cpuCores": runtime.NumCPU(), "physicalMemory": state.HostMemory(), "freeMemory": limit, "managedMemory": 0,
		},
		"memoryConfiguration": object{
			"frameworkHeap": 0, "taskHeap": limit, "frameworkOffHeap": 0, "taskOffHeap": 0, "networkMemory": 0, "managedMemory": 0,
			"jvmMetaspace": 0, "jvmOverhead": 0, "totalFlinkMemory": limit, "totalProcessMemory": limit,
		},
	}
}

func (m *JobManager) taskManager(r request) (any, error) {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	o := m.taskManagerObject(r.infos)
	allocated := []object{}
	for _, info := range r.infos {
		if !info.State.Terminal() {
			allocated = append(allocated, object{
				"jobId": info.ID, "resource": o["totalResource"], "assignedTasks": taskCounts(info).Running,
			})
		}
	}
	o["allocatedSlots"] = allocated
	o["metrics"] = object{
		"heapUsed": mem.HeapAlloc, "heapCommitted": mem.HeapSys, "heapMax": mem.Sys,
		"nonHeapUsed": mem.Sys - mem.HeapSys, "nonHeapCommitted": mem.Sys - mem.HeapSys, "nonHeapMax": mem.Sys - mem.HeapSys,
		"directCount": 0, "directUsed": 0, "directMax": 0, "mappedCount": 0, "mappedUsed": 0, "mappedMax": 0,
		"nettyShuffleMemorySegmentsAvailable": 0, "nettyShuffleMemorySegmentsUsed": 0, "nettyShuffleMemorySegmentsTotal": 0,
		"nettyShuffleMemoryAvailable": 0, "nettyShuffleMemoryUsed": 0, "nettyShuffleMemoryTotal": 0,
		"garbageCollectors": []object{{"name": "All", "count": mem.NumGC, "time": mem.PauseTotalNs / 1e6}},
	}
	return o, nil
}

func (m *JobManager) applications(r request) (any, error) {
	all := []object{}
	for _, info := range r.infos {
		start, end, duration := lifetime(info.Start, info.End)
		all = append(all, object{
			"id": info.ID, "name": applicationName(info), "start-time": start, "end-time": end, "duration": duration,
			"status": applicationState(info.State), "jobs": map[engine.JobState]int{info.State: 1},
		})
	}
	return object{"applications": all}, nil
}

func (m *JobManager) application(r request) (any, error) {
	id, err := hexID("applicationid", r.PathValue("application"))
	if err != nil {
		return nil, err
	}
	job := m.jobs.find(id)
	if job == nil {
		return nil, failure{http.StatusNotFound, "org.apache.flink.runtime.rest.NotFoundException: Application " + id + " not found"}
	}
	r.info = job.Info()
	start, end, duration := lifetime(r.info.Start, r.info.End)
	state := applicationState(r.info.State)
	at := map[string]flink.Millis{}
	for _, s := range []string{"CREATED", "RUNNING", "FAILING", "FAILED", "CANCELING", "CANCELED", "FINISHED"} {
		at[s] = flink.MillisOf(r.info.Timestamps[engine.JobState(s)])
	}
	return object{
		"id": id, "name": applicationName(r.info), "status": state, "start-time": start, "end-time": end, "duration": duration,
		"timestamps": at, "jobs": []flink.JobSummary{summary(r.info)},
	}, nil
}

func applicationName(info engine.JobInfo) string { return "SingleJobApplication(" + info.Name + ")" }

func applicationState(s engine.JobState) string {
	switch s {
	case engine.Initializing, engine.Created:
		return "CREATED"
	case engine.Cancelling:
		return "CANCELING"
	case engine.Restarting:
		return "RUNNING"
	}
	return string(s)
}
