package epi

// Contrast is the table of what is over-represented in a cluster, best first.
type Contrast struct {
	Cluster    string        `json:"cluster,omitempty"`
	Episodes   int           `json:"episodes"`
	References []string      `json:"references"`
	Rows       []ContrastRow `json:"rows"`
	Sentence   string        `json:"sentence"`
}

// ContrastRow is one value of one dimension, or the pair that explains best.
type ContrastRow struct {
	Explanation
	// Q is the Benjamini–Hochberg q over every value that was tested.
	Q float64 `json:"q"`
	// Role says what the verdict made of it: "best", "second factor",
	// "explained", "alias", "busy", "common", "hot spot" or "".
	Role string `json:"role,omitempty"`
}

// String returns the sentence.
func (c Contrast) String() string { return c.Sentence }
