package cloud

import "context"

// azureCompute is what Azure's metadata service tells of a virtual machine
// ("Azure Instance Metadata Service"). It refuses requests without the header
// Metadata: true, and those that came through a proxy.
const azureCompute = "/metadata/instance/compute?api-version=2021-02-01&format=json"

// askAzure asks Azure. Zones are numbered within a region, so a zone is written
// as REGION-NUMBER. The physical host is not told here but by Hyper-V.
func askAzure(ctx context.Context, c *client) (Place, error) {
	a, err := c.get(ctx, azureCompute, map[string]string{"Metadata": "true"})
	if err != nil {
		return Place{}, err
	}
	var compute struct {
		Location string `json:"location"`
		Zone     string `json:"zone"`
		VMSize   string `json:"vmSize"`
		VMID     string `json:"vmId"`
	}
	if err := a.decode(azureCompute, &compute); err != nil {
		return Place{}, err
	}
	p := Place{Provider: "azure", Region: compute.Location, InstanceType: compute.VMSize, InstanceID: compute.VMID}
	if compute.Zone != "" {
		p.Zone = compute.Location + "-" + compute.Zone
	}
	return p, p.check()
}
