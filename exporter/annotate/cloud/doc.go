// Package cloud asks the metadata server of a cloud where this machine stands:
// region, zone, instance type, instance id, and the physical host where it is
// told. It knows AWS (IMDSv2 only), Google Compute Engine and Azure.
//
// What it sends is little and goes nowhere else: plain HTTP to one link-local
// address, without any proxy, without following redirects, with short timeouts
// and bounded answers. It never asks for credentials, user data or start-up
// scripts, though the same servers hand them out. An answer is believed only
// when every part of it has the form that is documented.
//
// With [Auto] the firmware's tables say which cloud this is, so that a machine
// elsewhere sends nothing at all. Where they cannot be read all three are asked
// a few times, then nobody.
package cloud
