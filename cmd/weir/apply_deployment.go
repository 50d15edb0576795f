package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/weir-streams/weir/client"
	"github.com/weir-streams/weir/resource"
)

// annotationApplied holds what apply last wrote, so that a field that is later
// removed from the file is removed from the deployment too.
const annotationApplied = "weir.io/last-applied"

func (s *session) applyDeployment(ctx context.Context, api *client.Client, m manifest, how applyFlags) (waiting, error) {
	var options []client.Option
	if how.dry {
		options = append(options, client.DryRun)
	}
	if how.validate {
		options = append(options, client.Validate)
	}
	wanted := m.wanted()
	before, err := api.Deployments(s.ns()).Get(ctx, m.name)
	if client.IsNotFound(err) {
		body := withApplied(wanted)
		metadata(body)["name"] = m.name
		after, err := api.Deployments(s.ns()).Create(ctx, body, options...)
		if err != nil {
			return nil, err
		}
		s.report("deployment", m.name, map[bool]string{true: "would be created", false: "created"}[how.dry], nil)
		return s.waiter(ctx, api, before, after, how), nil
	}
	if err != nil {
		return nil, err
	}
	if how.acceptLoss {
		allowLoss(wanted)
	}
	patch, err := threeWay(before.Metadata.Annotations[annotationApplied], wanted)
	if err != nil {
		return nil, err
	}
	if !how.acceptLoss && !allowsLoss(before, wanted) {
		options = append(options, client.RefuseStateLoss)
	}
	after, err := api.Deployments(s.ns()).Patch(ctx, before.Metadata.ID, patch, options...)
	if err != nil {
		return nil, inFlags(err)
	}
	if err := s.reportChange("deployment", m.name, visible(&before), visible(&after), how.dry); err != nil {
		return nil, err
	}
	return s.waiter(ctx, api, before, after, how), nil
}

// inFlags says what to do about state that would be lost in the words of the
// command line.
func inFlags(err error) error {
	if e := (*client.Error)(nil); errors.As(err, &e) && e.Reason == "StateWouldBeLost" {
		e.Message = strings.Replace(e.Message, "repeat it with acceptStateLoss=true", "give --accept-state-loss", 1)
	}
	return err
}

// allowLoss lets the job start without the state that nobody wants. It is
// noted as applied, so that the next apply without the flag takes it back.
func allowLoss(wanted map[string]any) {
	spec, _ := wanted["spec"].(map[string]any)
	strategy, _ := spec["restoreStrategy"].(map[string]any)
	if spec == nil || strategy["allowNonRestoredState"] == true {
		return
	}
	spec, strategy = maps.Clone(spec), maps.Clone(strategy)
	if strategy == nil {
		strategy = map[string]any{}
	}
	strategy["allowNonRestoredState"] = true
	spec["restoreStrategy"] = strategy
	wanted["spec"] = spec
}

// allowsLoss tells whether the spec itself accepts that state is dropped.
func allowsLoss(before resource.Deployment, wanted map[string]any) bool {
	spec, _ := wanted["spec"].(map[string]any)
	strategy, _ := spec["restoreStrategy"].(map[string]any)
	if v, ok := strategy["allowNonRestoredState"].(bool); ok {
		return v
	}
	return before.Spec.RestoreStrategy.AllowNonRestoredState
}

func (s *session) waiter(ctx context.Context, api *client.Client, before, after resource.Deployment, how applyFlags) waiting {
	if how.dry || !how.wait {
		return nil
	}
	return func(timeout time.Duration) error {
		return s.waitSettled(ctx, api, before, after, timeout)
	}
}

// threeWay is the merge patch that makes a deployment what the file says:
// what the file has, and a null for each field that the last apply set and
// the file no longer has.
func threeWay(last string, wanted map[string]any) (map[string]any, error) {
	patch := withApplied(wanted)
	if last == "" {
		return patch, nil
	}
	var before map[string]any
	if err := json.Unmarshal([]byte(last), &before); err != nil {
		return nil, fmt.Errorf("annotation %s is damaged; remove it and apply again: %w", annotationApplied, err)
	}
	removeMissing(patch, before)
	return patch, nil
}

// removeMissing adds to patch a null for every field that only before has.
func removeMissing(patch, before map[string]any) {
	for key, old := range before {
		now, there := patch[key]
		if !there {
			patch[key] = nil
			continue
		}
		a, isObject := now.(map[string]any)
		b, wasObject := old.(map[string]any)
		if isObject && wasObject {
			removeMissing(a, b)
		}
	}
}

// withApplied copies what is wanted and notes it in the annotation.
func withApplied(wanted map[string]any) map[string]any {
	text, err := json.Marshal(wanted)
	if err != nil {
		panic("weir: what was read from JSON is not JSON: " + err.Error())
	}
	var body map[string]any
	if err := decodeNumbers(text, &body); err != nil {
		panic("weir: what was written as JSON is not JSON: " + err.Error())
	}
	annotations, ok := metadata(body)["annotations"].(map[string]any)
	if !ok {
		annotations = map[string]any{}
		metadata(body)["annotations"] = annotations
	}
	annotations[annotationApplied] = string(text)
	return body
}

func metadata(body map[string]any) map[string]any {
	m, ok := body["metadata"].(map[string]any)
	if !ok {
		m = map[string]any{}
		body["metadata"] = m
	}
	return m
}
