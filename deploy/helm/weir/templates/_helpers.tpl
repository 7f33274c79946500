{{- define "weir.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for what is put behind it: the name of a pod is a label too. */}}
{{- define "weir.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "weir.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "weir.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "weir.selector" -}}
app.kubernetes.io/name: {{ include "weir.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Dispatchers take no requests, so the Service must not find them. */}}
{{- define "weir.dispatcherSelector" -}}
app.kubernetes.io/name: {{ include "weir.name" . | trunc 52 | trimSuffix "-" }}-dispatcher
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "weir.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "weir.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "weir.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "weir.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The most replicas that there can be. */}}
{{- define "weir.mostReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.maxReplicas }}{{ else }}{{ .Values.replicaCount }}{{ end }}
{{- end }}

{{/* Where a pod of the network policy may go. */}}
{{- define "weir.egress" -}}
{{- with .Values.networkPolicy.egressTo }}
  egress:
    - ports:
        - port: 53
          protocol: UDP
        - port: 53
          protocol: TCP
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end }}

{{/* Refuses a secret in clear: list VALUE REST-OF-PATH PATH. `*` is every member; so are those of a map at the end. */}}
{{- define "weir.refuseSecret" -}}
{{- $at := index . 0 }}
{{- $parts := index . 1 }}
{{- $path := index . 2 }}
{{- if kindIs "map" $at }}
{{- $wanted := "*" }}
{{- $rest := list }}
{{- if $parts }}
{{- $wanted = first $parts }}
{{- $rest = rest $parts }}
{{- end }}
{{- range $key, $value := $at }}
{{- if or (eq $wanted "*") (eq $wanted $key) }}
{{- include "weir.refuseSecret" (list $value $rest (printf "%s.%s" $path $key)) }}
{{- end }}
{{- end }}
{{- else if and (not $parts) (not (hasPrefix "$" (toString $at))) }}
{{- fail (printf "%s is a secret in a ConfigMap: write a variable, such as ${NAME}, and bring it by env or envFrom" $path) }}
{{- end }}
{{- end }}

{{/* A variable out of a Secret: list NAME SECRET KEY. */}}
{{- define "weir.secretVariable" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end }}

{{/* weir.yaml: what the values say, and over it what the chart has to decide. */}}
{{- define "weir.config" -}}
{{- $name := include "weir.fullname" . }}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) }}
{{- if .Values.persistence.enabled }}
{{- $pod := printf "${POD_NAME}.%s-pods" $name }}
{{- $hosts = concat $hosts (list $pod (printf "%s.%s" $pod .Release.Namespace) (printf "%s.%s.svc" $pod .Release.Namespace)) }}
{{- end }}
{{- if .Values.ingress.enabled }}
{{- range .Values.ingress.hosts }}
{{- $hosts = append $hosts .host }}
{{- end }}
{{- end }}
{{- $server := dict "drain_timeout" (printf "%ds" (int .Values.drainSeconds)) "allowed_hosts" (concat $hosts .Values.allowedHosts | uniq) }}
{{- if .Values.trustProxy.enabled }}
{{- $_ := set $server "trust_proxy" true }}
{{- with .Values.trustProxy.ranges }}
{{- $_ := set $server "trusted_proxies" . }}
{{- end }}
{{- end }}
{{- $set := dict "server" $server }}
{{- if .Values.redis.enabled }}
{{- $_ := set $set "shared" (dict "redis_url" "${WEIR_REDIS_URL}") }}
{{- end }}
{{- if eq .Values.events.bus "redis" }}
{{- $_ := set $set "events" (dict "bus" "redis" "dispatch" (not .Values.events.dispatcher.enabled)) }}
{{- end }}
{{- toYaml (mustMergeOverwrite (deepCopy .Values.config) $set) }}
{{- end }}
