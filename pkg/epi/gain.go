package epi

import "math"

// BinaryKL returns s·ln(s/w) + (1−s)·ln((1−s)/(1−w)) nats, the information
// lost when a share s is described as w; 0 when s ≤ w, because only
// over-representation counts. It is +Inf when w is 0 and s is not.
func BinaryKL(s, w float64) float64 {
	if s <= w {
		return 0
	}
	kl := s * math.Log(s/w)
	if s < 1 {
		kl += (1 - s) * math.Log((1-s)/(1-w))
	}
	return kl
}

// Gain returns the nats saved by saying "c of the n are this value, which holds
// a share w of the reference", minus the cost of naming one of k values of one
// of dims dimensions and of estimating the share (Rissanen's code length):
// n·KL(c/n‖w) − ln k − ln dims − ½ ln n.
func Gain(n, c int, w float64, k, dims int) float64 {
	if n <= 0 {
		return 0
	}
	return gain(n, c, w, math.Log(float64(max(k, 1)))+math.Log(float64(max(dims, 1))))
}

// gain is Gain with the cost of naming given in nats.
func gain(n, c int, w, naming float64) float64 {
	share := float64(c) / float64(n)
	return float64(n)*BinaryKL(share, w) - naming - 0.5*math.Log(float64(n))
}

// ExpectedShare returns the share that value u is expected to have once the
// best explanation, with share s, is assumed: inside the best value u is as
// frequent as the reference says, outside too (section 2.3). wBoth is the
// reference share of rows with both. The result is clamped to [1e-9, 1].
func ExpectedShare(s, wBest, wU, wBoth float64) float64 {
	wBest = math.Max(wBest, 1e-12)
	e := s*wBoth/wBest + (1-s)*(wU-wBoth)/math.Max(1-wBest, 1e-12)
	return math.Min(math.Max(e, 1e-9), 1)
}

// LabelMixGain returns the nats saved by giving two groups their own mix of
// labels, given the counts of each label: Σ n_g·KL(p_g‖p) − ½(K−1) ln n.
func LabelMixGain(a, b []float64) float64 {
	var na, nb float64
	for i := range max(len(a), len(b)) {
		na += at(a, i)
		nb += at(b, i)
	}
	n, labels := na+nb, 0
	var sum float64
	for i := range max(len(a), len(b)) {
		x, y := at(a, i), at(b, i)
		if x+y == 0 {
			continue
		}
		labels++
		pooled := (x + y) / n
		if x > 0 {
			sum += x * math.Log(x/na/pooled)
		}
		if y > 0 {
			sum += y * math.Log(y/nb/pooled)
		}
	}
	if labels == 0 {
		return 0
	}
	return sum - 0.5*float64(labels-1)*math.Log(n)
}

func at(xs []float64, i int) float64 {
	if i < len(xs) {
		return xs[i]
	}
	return 0
}
