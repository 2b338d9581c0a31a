#!/bin/sh
# Before removal, but not before an upgrade: dpkg says "upgrade", rpm says 1.
# The state in /var/lib stays; it is the population.
set -e
case "${1:-}" in
upgrade | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
    systemctl disable --now epicurve-exporter.service
fi
