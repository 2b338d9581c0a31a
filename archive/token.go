package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/archive/access"
)

// addToken registers the command that makes a token. The archive never stores
// it: it is shown once.
func (c *cli) addToken() {
	var name, tenant string
	var roles []string
	cmd := c.command("token", "Make a bearer token and the lines for the tokens file.", func(context.Context) error {
		token, sum := access.NewToken()
		if tenant != "" && !access.ValidTenant(tenant) {
			return fmt.Errorf("--tenant %.80q: want lower-case letters, digits and _, a letter first", tenant)
		}
		_, err := fmt.Fprintf(c.stdout, "# The token, shown only this once:\n# %s\ntokens:\n  - name: %q\n    sha256: %s\n    roles: [%s]\n", token, name, sum, strings.Join(roles, ", "))
		if err == nil && tenant != "" {
			_, err = fmt.Fprintf(c.stdout, "    tenant: %s\n", tenant)
		}
		return err
	})
	var possible []string
	for _, r := range access.Roles() {
		possible = append(possible, string(r))
	}
	cmd.Flag("name", "Who has the token; shown in the log.").Required().StringVar(&name)
	cmd.Flag("tenant", "Tenant whose crashes alone the token is about; the default tenant when absent.").StringVar(&tenant)
	cmd.Flag("role", "What the token allows: "+strings.Join(possible, ", ")+"; repeatable.").Required().EnumsVar(&roles, possible...)
}
