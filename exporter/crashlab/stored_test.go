package crashlab

import "testing"

func TestStored(t *testing.T) {
	cores, err := Stored(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(cores) != len(Demo()) {
		t.Fatalf("%d stored cores, want one of each of the %d modes of the demo", len(cores), len(Demo()))
	}
	for _, c := range cores {
		t.Run(c.Mode.Name, func(t *testing.T) {
			check(t, c.Path, c.Mode.Want)
		})
	}
}
