{{- define "weir.name" -}}
{{- if contains "weir" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-weir" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: server
{{- end }}

{{- define "weir.labels" -}}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "weir.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{ .Values.rbac.serviceAccountName | default (include "weir.name" .) }}
{{- end }}

{{- define "weir.secret" -}}
{{ .Values.existingSecret | default (include "weir.name" .) }}
{{- end }}

{{- define "weir.podUrl" -}}
http://{{ include "weir.name" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.externalPort }}
{{- end }}

{{/* Namespaces in which deployments run. */}}
{{- define "weir.namespaces" -}}
{{- $all := .Values.rbac.additionalNamespaces -}}
{{- if .Values.rbac.deployHere }}{{ $all = prepend $all .Release.Namespace }}{{ end -}}
{{- $all | uniq | toJson -}}
{{- end }}

{{- define "weir.shared" -}}
{{- if eq .Values.vvp.persistence.type "jdbc" }}true{{ end -}}
{{- end }}

{{/* What values cannot mean together, in words. */}}
{{- define "weir.check" -}}
{{- $p := .Values.vvp.persistence -}}
{{- if and (eq $p.type "local") $p.datasource.url }}
{{- fail "vvp.persistence.datasource.url is set, but vvp.persistence.type is local: set the type to jdbc, or leave the url out" }}
{{- end }}
{{- if and (eq $p.type "jdbc") (not $p.datasource.url) }}
{{- fail "vvp.persistence.type is jdbc: set vvp.persistence.datasource.url to postgres://HOST:5432/DATABASE" }}
{{- end }}
{{- if and (eq $p.type "jdbc") (not (regexMatch "^(jdbc:)?postgres(ql)?://" $p.datasource.url)) }}
{{- fail "vvp.persistence.datasource.url: only PostgreSQL is supported: postgres://HOST:5432/DATABASE" }}
{{- end }}
{{- if and (eq $p.type "local") (gt (int .Values.replicaCount) 1) }}
{{- fail "replicaCount is more than 1: several servers need a database that they share; set vvp.persistence.type to jdbc" }}
{{- end }}
{{- if and (eq $p.type "jdbc") (gt (int .Values.replicaCount) 1) (not .Values.vvp.blobStorage.baseUri) (not .Values.stateVolume.claim) }}
{{- fail "replicaCount is more than 1: uploaded files must be where all servers see them; set vvp.blobStorage.baseUri, or stateVolume.claim" }}
{{- end }}
{{- with .Values.vvp.blobStorage.baseUri }}
{{- if not (hasPrefix "s3://" .) }}
{{- fail (printf "vvp.blobStorage.baseUri: %s: only s3://BUCKET/PREFIX is supported" .) }}
{{- end }}
{{- end }}
{{- if and .Values.vvp.auth.oidc.issuer (not .Values.externalUrl) }}
{{- fail "vvp.auth.oidc.issuer is set: set externalUrl too, such as https://weir.example.com, because people come back there after signing in" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.enabled is true: set ingress.hosts" }}
{{- end }}
{{- end }}
