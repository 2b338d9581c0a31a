package scan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Count equal parts of all objects; the zero value is all of
// them. Which part an object belongs to depends on nothing but its URL.
type Shard struct{ Index, Count int }

const maxShards = 1 << 20

// ParseShard reads "2/8": the third of eight parts, counted from 0.
func ParseShard(text string) (Shard, error) {
	i, n, ok := strings.Cut(text, "/")
	index, err1 := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	if !ok || err1 != nil || err2 != nil || count < 1 || count > maxShards || index < 0 || index >= count {
		return Shard{}, fmt.Errorf("shard %q: want I/N with 0 <= I < N, such as 0/8 to 7/8", text)
	}
	return Shard{index, count}, nil
}

// schedulers are the variables by which schedulers tell the jobs of an array
// apart. first is the number of the first job where that is always the same.
var schedulers = []struct{ name, index, count, first string }{
	// Kubernetes does not tell the number of completions; the manifest does.
	{"Kubernetes Indexed Job", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", ""},
	{"AWS Batch array", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", ""},
	{"SLURM array", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"},
}

// ShardFromEnv takes the shard from the scheduler that runs this process; from
// names it, "" for none. A scheduler that tells which job this is, but not of
// how many, is an error: every job would do all the work.
func ShardFromEnv(env func(string) string) (s Shard, from string, err error) {
	for _, by := range schedulers {
		index, count := env(by.index), env(by.count)
		if index == "" {
			continue
		}
		if count == "" {
			return Shard{}, "", fmt.Errorf("%s is set, but not of how many (%s): set it, or give --shard I/N", by.index, by.count)
		}
		i, err := strconv.Atoi(index)
		if first := env(by.first); err == nil && by.first != "" && first != "" {
			var low int
			if low, err = strconv.Atoi(first); err == nil {
				i -= low
			}
		}
		if err != nil {
			return Shard{}, "", fmt.Errorf("%s=%q: %w", by.index, index, err)
		}
		s, err := ParseShard(strconv.Itoa(i) + "/" + count)
		if err != nil {
			return Shard{}, "", fmt.Errorf("%s: %w", by.name, err)
		}
		return s, by.name, nil
	}
	return Shard{}, "", nil
}

// Has reports whether an object is of this part.
func (s Shard) Has(url string) bool {
	if s.Count <= 1 {
		return true
	}
	sum := sha256.Sum256([]byte(url))
	return binary.BigEndian.Uint64(sum[:])%uint64(s.Count) == uint64(s.Index) //nolint:gosec // both are small and positive
}

func (s Shard) String() string {
	if s.Count <= 1 {
		return "all"
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}
