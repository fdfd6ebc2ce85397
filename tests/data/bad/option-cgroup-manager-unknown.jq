# expect: carte-runtime: unknown cgroup manager 'magic': expected cgroupfs, systemd or disabled
# status: 2
# global: --cgroup-manager magic
.
