package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/weir-streams/weir/engine/storage"
)

// stateS3 is how buckets of state are reached by this server: by the settings,
// else by the environment as the tools of AWS read it. A service that does not
// answer keeps a controller waiting for a bounded time.
func stateS3(config configuration) storage.S3 {
	c := storage.S3FromEnvironment()
	if e := config.get("s3-endpoint"); e != "" {
		c.Endpoint = e
		c.PathStyle = config.is("s3-path-style")
	}
	if c.Region == "" || config.source["s3-region"] != "default" {
		c.Region = config.get("s3-region")
	}
	if config.is("s3-path-style") {
		c.PathStyle = true
	}
	c.RequestTime, c.RemoveTime = 30*time.Second, time.Minute
	return c
}

// s3Environment is what engines read to reach the same buckets as this server.
// Those that it starts on its machine have its environment; others, such as
// pods, are given these.
func s3Environment(config configuration) map[string]string {
	c := stateS3(config)
	out := map[string]string{}
	for name, value := range map[string]string{
		"AWS_REGION":            c.Region,
		"AWS_ENDPOINT_URL_S3":   c.Endpoint,
		"AWS_ACCESS_KEY_ID":     os.Getenv("AWS_ACCESS_KEY_ID"),
		"AWS_SECRET_ACCESS_KEY": os.Getenv("AWS_SECRET_ACCESS_KEY"),
		"AWS_SESSION_TOKEN":     os.Getenv("AWS_SESSION_TOKEN"),
	} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// s3FlinkConfiguration is what Flink's own file systems of S3 read; they take
// credentials from the environment.
func s3FlinkConfiguration(config configuration) map[string]string {
	c := stateS3(config)
	out := map[string]string{}
	if c.Endpoint != "" {
		out["s3.endpoint"] = c.Endpoint
		out["s3.path.style.access"] = strconv.FormatBool(c.PathStyle)
	}
	if c.Region != "" && storage.IsS3(config.get("state")) {
		out["s3.endpoint.region"] = c.Region
	}
	return out
}

// shareS3 makes what the settings say about buckets the environment of this
// server, and so of the engines that it starts.
func shareS3(config configuration) error {
	for name, value := range s3Environment(config) {
		if os.Getenv(name) != "" {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("environment of engines: %w", err)
		}
	}
	return nil
}
