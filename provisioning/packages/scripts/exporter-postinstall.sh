#!/bin/sh
# After installation and upgrade. Nothing is enabled or started that was not
# before: which directories to watch is the administrator's to say.
set -e
command -v systemd-sysusers >/dev/null && systemd-sysusers epicurve-exporter.conf
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart epicurve-exporter.service
fi
