// Package correlate finds which kinds of packets come with an action, and how
// sure that is.
//
//  1. [Candidates] forms the kinds that could be a mark: a channel, direction,
//     kind, and a class of lengths. Classes are formed without looking at which
//     trials were actions.
//  2. [NewDesign] holds the assignments of actions to slots that the lot could
//     have drawn: all of them, or 10,000 redraws. [NewBlocked] does so for a lot
//     that was drawn block by block, as in a run with planned looks.
//  3. [Design.Test] scores every candidate by rank over these assignments and
//     adjusts for their number (minP step-down, P. H. Westfall and S. S. Young,
//     Resampling-Based Multiple Testing, 1993, section 2.6). Under the null
//     hypothesis the traffic is the same for every assignment, so the test is
//     valid for periodic, bursty and drifting traffic alike.
//  4. [Select] chooses, apart from significance, which classes to show.
//  5. [Design.Power] plants artificial marks and says what would have been found.
//
// [ShiftTest] is the approximate counterpart for captures with labels but
// without control slots. The package knows no verdicts and no clocks.
package correlate
