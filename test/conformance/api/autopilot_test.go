package api

import (
	"context"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

func TestAutopilotPolicies(t *testing.T) {
	w := start(t)
	const all = "/autopilot/v1alpha1/namespaces/default"
	id := w.call("POST", inDefault+"/deployments", sqlDeployment, 201, tolerated...).text("metadata/id")
	policy := all + "/deployments/" + id + "/autopilotpolicy"
	r := w.call("GET", policy, "", 200)
	r.want("policy/mode", "AUTOPILOT_MODE_DISABLED")
	r.want("policy/name", "namespaces/default/deployments/"+id+"/autopilotpolicy")
	r.want("policy/autoscalerConfig/targetUtilization", "75")
	w.call("GET", policy+":status", "", 200).want("status/autoscalerStatus/message", "the autopilot is off")
	w.call("GET", policy+":recommendation", "", 200).want("recommendation/deploymentPatch", "")
	if list := w.call("GET", all, "", 200).get("policies").([]any); len(list) != 0 {
		t.Errorf("policies that nobody wrote: %v", list)
	}

	w.call("PUT", policy, `{"mode":"AUTOPILOT_MODE_MONITORING","autoscalerConfig":{"minParallelism":2,"maxParallelism":8,"cooldownMinutes":5}}`, 200).
		want("policy/autoscalerConfig/maxParallelism", "8")
	w.call("PUT", policy, `{"mode":"active"}`, 200, tolerated...).want("policy/autoscalerConfig/maxParallelism", "64")
	w.call("GET", all+"/deployments/orders/autopilotpolicy", "", 200).want("policy/mode", "AUTOPILOT_MODE_ACTIVE")
	w.call("GET", all, "", 200).want("policies/0/mode", "AUTOPILOT_MODE_ACTIVE")
	for _, tt := range []struct{ body, field string }{
		{`{"mode":"FAST"}`, "mode"},
		{`{"autoscalerConfig":{"minParallelism":9,"maxParallelism":8}}`, "maxParallelism"},
		{`{"autoscalerConfig":{"minParallelism":-1}}`, "minParallelism"},
		{`{"autoscalerConfig":{"targetUtilization":100}}`, "targetUtilization"},
		{`{"autoscalerConfig":{"cooldownMinutes":"soon"}}`, "cooldownMinutes"},
		{`{"autoscalerConfig":[]}`, "autoscalerConfig"},
		{`{"name":"namespaces/other/deployments/x/autopilotpolicy"}`, "name"},
	} {
		if text := w.call("PUT", policy, tt.body, 400).text("description"); !strings.Contains(text, tt.field) {
			t.Errorf("%s: %q does not name %s", tt.body, text, tt.field)
		}
	}
	w.call("GET", all+"/deployments/nobody/autopilotpolicy", "", 404).want("code", "NOT_FOUND")

	// What the controller finds is what is answered.
	ctx := context.Background()
	p, err := w.db.AutopilotPolicies().GetByName(ctx, "default", id)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.db.AutopilotPolicies().Update(ctx, "weir", p.Metadata.ID, func(p *resource.AutopilotPolicy) error {
		p.Status = resource.AutopilotStatus{
			Failed: true, Message: "m", Recommended: 4, Reason: "because", UpdateTime: p.Metadata.CreatedAt,
			Vertices: []resource.AutopilotVertex{{ID: "v", Name: "Source: s", Source: true, Throughput: 10, Capacity: 20, Demand: 15}, {ID: "x"}},
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := w.call("GET", policy+":status", "", 200)
	s.want("status/status", "POLICY_STATUS_ERROR")
	s.want("status/autoscalerStatus/sourceStatus/0/capacity", "20")
	rec := w.call("GET", policy+":recommendation", "", 200)
	rec.want("recommendation/description", "because")
	w.call("PATCH", inDefault+"/deployments/orders", rec.text("recommendation/deploymentPatch"), 200).want("spec/template/spec/parallelism", "4")
}
