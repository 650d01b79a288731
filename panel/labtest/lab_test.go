package labtest

import (
	"testing"

	"github.com/hueprint/hueprint/analysis"
	"github.com/hueprint/hueprint/experiments"
	"github.com/hueprint/hueprint/store"
)

func TestAFullLabHasARunOfEachKind(t *testing.T) {
	l := Full(t)
	page, err := l.Store.ListRuns(t.Context(), store.RunQuery{})
	check(t, err)
	verdicts, endings, idle := map[analysis.Conclusion]int{}, map[experiments.Ending]int{}, 0
	for _, r := range page.Runs {
		endings[r.Ending]++
		if r.Idle {
			idle++
		}
		for _, v := range r.Verdicts {
			t.Log(r.ID, r.Gateways, r.Ending, v.Verdict)
			verdicts[v.Verdict]++
		}
	}
	if verdicts[analysis.CloudVisible] == 0 || verdicts[analysis.NotDetected] == 0 || verdicts[analysis.Inconclusive] == 0 {
		t.Errorf("verdicts %v", verdicts)
	}
	if endings[experiments.Stopped] == 0 || endings[experiments.Aborted] == 0 || idle == 0 {
		t.Errorf("endings %v, %d idle", endings, idle)
	}
}
