package classify

import (
	"testing"

	"github.com/epicurve/epicurve/pkg/crash"
)

// TestUnwindRaceIsOneCluster: the genuine libunwind race lands in three
// different functions, and is one disease.
func TestUnwindRaceIsOneCluster(t *testing.T) {
	keys, callers := map[string]int{}, map[string]int{}
	for _, name := range []string{"unwind_natural_1", "unwind_natural_2", "unwind_natural_3", "unwind_natural_4"} {
		r := Record(readCore(t, "../../testdata/cores", name), Options{})
		keys[r.ClusterKey()]++
		callers[r.Finding.Caller]++
	}
	if len(keys) != 1 || keys["return_to_null/return_to_null in unwind_race"] != 4 {
		t.Errorf("clusters %v, want one", keys)
	}
	if len(callers) < 2 {
		t.Errorf("callers %v, want the places kept apart as a dimension", callers)
	}
}

// TestSameCrashSameSignature: one bug under other address layouts, thread counts
// and numbers of mappings has one signature, and every core its own id.
func TestSameCrashSameSignature(t *testing.T) {
	signatures, ids := map[string]int{}, map[crash.ID]string{}
	for _, name := range []string{"ret_null", "sortvma_ret_null", "manyvma40k_ret_null", "mt8_w5_ret_null", "mt300_w200_ret_null", "filter00_ret_null", "rr_ret_null"} {
		r := Record(readCore(t, "../../testdata/cores", name), Options{})
		signatures[r.Finding.Signature]++
		if other, ok := ids[r.ID]; ok {
			t.Errorf("%s and %s have one id", name, other)
		}
		ids[r.ID] = name
	}
	if len(signatures) != 1 {
		t.Errorf("signatures %v, want one", signatures)
	}
	places := map[string]int{}
	for _, name := range []string{"null_read", "noncanon", "wild"} { // one function reads through three bad pointers
		places[Record(readCore(t, "../../testdata/cores", name), Options{}).Finding.Signature]++
	}
	if len(places) != 3 {
		t.Errorf("signatures %v, want one a kind", places)
	}
}

// TestWildAddressesStayOut: random bad addresses make one cluster, not one each.
func TestWildAddressesStayOut(t *testing.T) {
	got := map[string]bool{}
	for i := range uint64(200) {
		bad := 0x100000000000 + i*0x9e3779b97f4a7c15%0x300000000000
		got[Classify(newStage().regs(bad, spHome).stack(spHome-8, bad, 1).facts, Options{}).Signature] = true
		got[Classify(newStage().regs(bad, spHome+8).stack(spHome, bad, retExe).facts, Options{}).Signature] = true
		got[Classify(newStage().regs(bad, spHome+8).stack(spHome, 5, retExe).facts, Options{}).Signature] = true
		got[Classify(newStage().signal(sigSEGV, segvMapErr, bad).facts, Options{}).Signature] = true
	}
	if len(got) != 4 {
		t.Errorf("%d signatures, want 4: %v", len(got), got)
	}
}
