package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weir-streams/weir/cluster/kubernetes"
	"github.com/weir-streams/weir/control"
	"github.com/weir-streams/weir/flink/distribution"
	"github.com/weir-streams/weir/resource"
)

// kubernetesLauncher makes the launcher of pods. It connects to nothing before
// a deployment target wants it.
func kubernetesLauncher(config configuration, data string, values control.Secrets, files *podFiles, log *slog.Logger) (*kubernetes.Launcher, error) {
	images, err := flinkImages(config.get("flink-images"))
	if err != nil {
		return nil, err
	}
	user, err := strconv.ParseInt(config.get("flink-user"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("flink-user: %w", err)
	}
	c := kubernetes.Config{
		Kubeconfig: config.get("kubeconfig"), KubeContext: config.get("kube-context"), Namespace: config.get("kube-namespace"),
		Image: config.get("pod-image"), PullPolicy: config.get("pod-image-pull-policy"), FlinkImages: images, FlinkUser: user,
		Secret: func(ctx context.Context, namespace, name string) (string, error) {
			s, err := values.GetByName(ctx, namespace, name)
			switch {
			case errors.Is(err, resource.ErrNotFound):
				return "", fmt.Errorf("there is no such secret value: make it with weir secret set %s", name)
			case err != nil:
				return "", err
			case s.Spec.Unreadable != "":
				return "", errors.New(s.Spec.Unreadable)
			}
			return s.Spec.Value, nil
		},
		Environment: s3Environment(config), FlinkConfiguration: s3FlinkConfiguration(config), Files: files.Offer, Logs: filepath.Join(data, "pod-logs"), Log: log,
		Maven: func(ctx context.Context, coordinates string) (string, error) {
			return distribution.FetchJar(ctx, distribution.Jar{
				Coordinates: coordinates, Dir: filepath.Join(data, "flink", "maven"), Repository: os.Getenv("WEIR_MAVEN_REPOSITORY"),
				Progress: func(what string) { log.InfoContext(ctx, what) },
			})
		},
	}
	if c.Image == "" {
		c.Image = "weir:" + strings.TrimPrefix(thisBuild().Version, "v")
	}
	if reach := config.get("kube-reach"); reach != "auto" {
		direct := reach == "direct"
		c.Direct = &direct
	}
	return kubernetes.New(c), nil
}

// flinkImages reads the images of Flink by version; the first one is also that
// of programs that ask for no version.
func flinkImages(list string) (map[string]string, error) {
	images := map[string]string{}
	for i, each := range splitList(list) {
		version, image, ok := strings.Cut(each, "=")
		if !ok {
			version, image = "", each
		}
		if image == "" || strings.Contains(version, "/") {
			return nil, usagef("flink-images: %q is not VERSION=IMAGE", each)
		}
		images[version] = image
		if i == 0 {
			images[""] = image
		}
	}
	return images, nil
}
