package main

import (
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/epicurve/epicurve/exporter/scan"
)

// TestScanJob holds the Indexed Job to what the command understands: its flags,
// and the shards that its pods find in their environment.
func TestScanJob(t *testing.T) {
	text, err := os.ReadFile("../provisioning/kubernetes/scan/job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job struct {
		Spec struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int    `yaml:"completions"`
			Template       struct {
				Spec struct {
					Containers []struct {
						Args []string                       `yaml:"args"`
						Env  []struct{ Name, Value string } `yaml:"env"`
					} `yaml:"containers"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal(text, &job); err != nil {
		t.Fatal(err)
	}
	if job.Spec.CompletionMode != "Indexed" || job.Spec.Completions < 2 || len(job.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%+v", job.Spec)
	}
	c := job.Spec.Template.Spec.Containers[0]
	if name, err := newCLI(os.Stdin, os.Stdout, os.Stderr).app.Parse(c.Args); err != nil || name != "scan" {
		t.Errorf("%v is %q, %v", c.Args, name, err)
	}
	if !slices.Contains(c.Args, "--no-state") {
		t.Error("a state in a pod is lost with it")
	}
	for index := range job.Spec.Completions {
		s, _, err := scan.ShardFromEnv(func(name string) string {
			if name == "JOB_COMPLETION_INDEX" { // Kubernetes sets it
				return strconv.Itoa(index)
			}
			for _, e := range c.Env {
				if e.Name == name {
					return e.Value
				}
			}
			return ""
		})
		if err != nil || s != (scan.Shard{Index: index, Count: job.Spec.Completions}) {
			t.Errorf("pod %d has shard %v, %v", index, s, err)
		}
	}
}
