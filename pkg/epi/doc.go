// Package epi is the epidemiology of crashes: what a group of crashes has in
// common, when it began, whether it is gone, and whether it is one disease or
// two. It answers with a verdict and its evidence, never with a bare p-value.
//
// The package is pure: no clock, no input or output, no state between calls.
// Everything it knows comes in through a [Population] (crashes and the exposure
// of the fleet, as columns) and a [Question] (which rows, which fix marks, and
// what time it is). Every default is a field of [Parameters].
//
//	population, err := epi.NewPopulation(epi.Input{...})
//	assessment, err := population.Evaluate(epi.Question{Rows: rows, Now: now})
//	fmt.Println(assessment) // one sentence for the ticket
//
// # Units
//
// Times are float64 days since the Unix epoch, UTC ([DayOf] and [TimeOf]
// convert); a float64 resolves about 2 µs of our century. Rates are per day of
// operational time (see [Clock]). Gains are in nats. Probabilities are never
// percentages. Where a number may be infinite its type is [Real], which is the
// text "Inf" in JSON; no other number in an answer is ever infinite or NaN.
//
// # Episodes
//
// All tests count episodes, not rows: a chain of rows with the same host,
// service, class and signature at most Parameters.EpisodeGap apart is one
// episode, so that a crash loop is one event. Rows are shown next to them.
package epi
