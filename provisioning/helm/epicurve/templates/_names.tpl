{{- define "epicurve.name" -}}
{{- if contains "epicurve" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-epicurve" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "epicurve.selector" -}}
app.kubernetes.io/name: epicurve
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "epicurve.labels" -}}
{{ include "epicurve.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "epicurve.image" -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end }}{{ .of.image }}:{{ .of.tag | default .root.Chart.AppVersion }}
{{- end }}
