package cloud

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// azureTag is the asset tag of every virtual machine on Azure; the vendor alone
// tells only Hyper-V.
const azureTag = "7783-7084-3265-9085-8269-3286-77"

var (
	ec2ID   = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)
	ec2Type = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[a-z0-9-]+$`)
)

// firmware reads from the SMBIOS tables, as the kernel shows them to everybody,
// in which cloud this machine stands. readable is false when there are none;
// provider is "" for a machine that is in none of the clouds. EC2's tables also
// tell instance type and id ("Detect whether a host is an EC2 instance").
func firmware(sys string) (place Place, provider string, readable bool) {
	read := func(name string) string {
		f, err := os.Open(filepath.Join(sys, "class/dmi/id", name))
		if err != nil {
			return ""
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, 4096))
		if err != nil {
			return ""
		}
		readable = true
		return strings.TrimSpace(string(text))
	}
	vendor, product, tag := read("sys_vendor"), read("product_name"), read("chassis_asset_tag")
	switch {
	case vendor == "Amazon EC2", strings.HasSuffix(read("bios_version"), ".amazon"):
		place.Provider = "aws"
		if ec2Type.MatchString(product) {
			place.InstanceType = product
		}
		if id := read("board_asset_tag"); ec2ID.MatchString(id) {
			place.InstanceID = id
		}
		return place, AWS, true
	case product == "Google Compute Engine":
		return Place{Provider: "gcp"}, GCE, true
	case tag == azureTag:
		return Place{Provider: "azure"}, Azure, true
	}
	return Place{}, "", readable
}
