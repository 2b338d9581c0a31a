#!/bin/sh
# After installation and upgrade. Nothing is enabled or started that was not
# before: who may reach the archive is the administrator's to say.
set -e
command -v systemd-sysusers >/dev/null && systemd-sysusers epicurve-archive.conf
command -v systemd-tmpfiles >/dev/null && systemd-tmpfiles --create epicurve-archive.conf
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart epicurve-archive.service
fi
