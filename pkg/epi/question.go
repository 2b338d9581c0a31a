package epi

// Mark says that a cluster was fixed: the fix was fully rolled out at At.
type Mark struct {
	At float64
	// What is read after "Silent 111 d since": "h151 was removed".
	What string
	// Carriers are the values that carry the fix, such as the fixed builds.
	// Rows after the mark without any of them are stragglers: they do not
	// count against the fix, and while such exposure remains nothing is gone.
	// Empty means unknown: every row after the mark counts.
	Carriers []Factor
	// Removed is what was taken away, when the fix was a removal: it was
	// neither repaired nor tested again.
	Removed Predicate
}

// Question asks about one cluster, or any union of clusters.
type Question struct {
	// Name is the cluster's key; it is repeated in the answer.
	Name string
	// Rows are the rows of the population that belong to it, in any order.
	// Rows after Now are left out.
	Rows []int32
	// Marks are its fix marks, in any order; those after Now are left out.
	Marks []Mark
	// Now is the instant at which the question is asked. Nothing after it is
	// looked at.
	Now float64
	// Detail asks for what a list of clusters does not need: the curve of
	// silence, clumping against the whole fleet, hot spots, one-or-two.
	Detail bool
	// Clusters is the number of clusters watched, which shares the budget of
	// false surge alarms; 0 counts as 1.
	Clusters int
}
