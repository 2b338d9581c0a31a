package epi

import "math"

// Window is the densest window of whole buckets of a temporal scan.
type Window struct {
	From, To float64
	Share    float64 // of the crashes inside it
	Gain     float64 // nats; ≤ 0 when there is nothing to see
}

// TimeScan finds the window of whole buckets that saves most nats:
// n·KL(share inside‖length) − ln(number of windows) (Kulldorff 1997, as a code
// length). t need not be ordered; times outside [a, b) count in the edge
// buckets.
func TimeScan(t []float64, a, b float64, buckets int) Window {
	n := len(t)
	if n == 0 || buckets < 1 || !(b > a) {
		return Window{}
	}
	cumulative := make([]int, buckets+1)
	for _, x := range t {
		bucket := int((x - a) / (b - a) * float64(buckets))
		cumulative[min(max(bucket, 0), buckets-1)+1]++
	}
	for i := range buckets {
		cumulative[i+1] += cumulative[i]
	}
	best, from, to := 0.0, 0, 0
	for i := range buckets {
		// a window that starts with an empty bucket is never the best
		if cumulative[i+1] == cumulative[i] {
			continue
		}
		for j := i + 1; j <= buckets; j++ {
			if cumulative[j] == cumulative[j-1] {
				continue
			}
			share := float64(cumulative[j]-cumulative[i]) / float64(n)
			if kl := BinaryKL(share, float64(j-i)/float64(buckets)); kl > best {
				best, from, to = kl, i, j
			}
		}
	}
	windows := float64(buckets) * float64(buckets+1) / 2
	width := (b - a) / float64(buckets)
	return Window{
		From: a + float64(from)*width, To: a + float64(to)*width,
		Share: float64(cumulative[to]-cumulative[from]) / float64(n),
		Gain:  float64(n)*best - math.Log(windows),
	}
}
