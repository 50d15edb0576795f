package resource

import "strings"

// Fill puts what the placeholders of a job's texts stand for in their places:
// {{namespace}}, {{deploymentName}}, {{deploymentId}} and {{jobId}}. The Job
// keeps its texts as they were written.
func (j Job) Fill(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	m := j.Metadata
	return strings.NewReplacer(
		"{{namespace}}", m.Namespace,
		"{{deploymentName}}", m.DeploymentName,
		"{{deploymentId}}", m.DeploymentID,
		"{{jobId}}", m.ID,
	).Replace(text)
}
