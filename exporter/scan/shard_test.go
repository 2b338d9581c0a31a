package scan

import (
	"fmt"
	"strings"
	"testing"
)

func TestShardFromEnv(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string // of the shard, or of the error
	}{
		{"none", nil, "all"},
		{"Kubernetes", map[string]string{"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "8"}, "3/8"},
		{"Kubernetes without the count", map[string]string{"JOB_COMPLETION_INDEX": "3"}, "JOB_COMPLETIONS"},
		{"AWS Batch", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": "10"}, "0/10"},
		{"SLURM from 1", map[string]string{"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "4"}, "0/4"},
		{"SLURM in steps", map[string]string{"SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "4"}, "SLURM array"},
		{"no number", map[string]string{"JOB_COMPLETION_INDEX": "x", "JOB_COMPLETIONS": "8"}, "JOB_COMPLETION_INDEX"},
	} {
		s, _, err := ShardFromEnv(func(n string) string { return tt.env[n] })
		got := s.String()
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, bad := range []string{"", "1", "1/0", "8/8", "-1/8", "a/b", "0/99999999"} {
		if s, err := ParseShard(bad); err == nil {
			t.Errorf("%q is shard %v", bad, s)
		}
	}
}

// TestShardsAreEven: every object is in exactly one shard, and none is far
// larger than the others.
func TestShardsAreEven(t *testing.T) {
	const shards, n = 7, 70_000
	var sizes [shards]int
	for i := range n {
		url, in := fmt.Sprintf("s3://cores/2026/%d/core", i), 0
		for s := range shards {
			if (Shard{s, shards}).Has(url) {
				sizes[s]++
				in++
			}
		}
		if in != 1 {
			t.Fatalf("%s is in %d shards", url, in)
		}
	}
	for s, size := range sizes {
		if size < n/shards*95/100 || size > n/shards*105/100 {
			t.Errorf("shard %d has %d of %d objects", s, size, n)
		}
	}
}
