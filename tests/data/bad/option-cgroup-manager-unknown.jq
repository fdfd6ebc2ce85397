# expect: carte-runtime: unknown cgroup manager 'magic': expected cgroupfs, systemd or disabled
# global: --cgroup-manager magic
.
