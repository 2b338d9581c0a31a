package main

import (
	"context"
	"sync"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/epicurve/epicurve/archive/access"
	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/open"
	"github.com/epicurve/epicurve/archive/tenants"
)

// tenantFlags bound what tenants cost.
type tenantFlags struct {
	most   int
	memory string
}

func (f *tenantFlags) addFlags(cmd *kingpin.CmdClause) {
	cmd.Flag("tenants.max-open", "Most tenants whose stores are open at the same time; those not used for longest are closed for others.").Default("16").IntVar(&f.most)
	cmd.Flag("tenants.memory", "Memory limit of each tenant's embedded store, beside the default tenant's 768MB.").Default("128MB").StringVar(&f.memory)
}

// tenantPatience is how long a request waits for a place: those of the upkeep and
// of other requests are short.
const tenantPatience = 20 * time.Second

// pool opens the tenants that tokens name, each with a store and an evaluation of
// its own.
func (f *tenantFlags) pool(storage string) *tenants.Pool[*api.Tenant] {
	var evaluators sync.Map // by tenant: closed before its store
	return tenants.New(tenants.Config[*api.Tenant]{
		Max: max(1, f.most), Patience: tenantPatience,
		Open: func(ctx context.Context, name string) (*api.Tenant, error) {
			s, err := open.Tenant(ctx, storage, name, f.memory)
			if err != nil {
				return nil, err
			}
			e := evaluate.New(evaluate.Config{Store: s})
			t := &api.Tenant{Store: s, Answers: e.Answers(), Gauges: e.WriteGauges, Relapses: e.Relapses}
			evaluators.Store(t, e)
			return t, nil
		},
		Close: func(t *api.Tenant) error {
			if e, known := evaluators.LoadAndDelete(t); known {
				e.(*evaluate.Evaluator).Close()
			}
			return t.Store.Close()
		},
	})
}

// stores calls visit with the store of the default tenant, then with that of
// every tenant that a token names.
func stores(ctx context.Context, main *api.Tenant, keys *access.Keys, pool api.Tenants, visit func(name string, t *api.Tenant)) error {
	visit("", main)
	for _, name := range keys.Tenants() {
		t, done, err := pool.Use(ctx, name)
		if err != nil {
			return err
		}
		visit(name, t)
		done()
	}
	return nil
}
