# SPDX-License-Identifier: Apache-2.0
# Files that register the runtime with engines. podman reads the drop-in when sysconfdir is /etc;
# containerd and Docker have one configuration file each, so theirs are snippets to merge.

containersconfdir = $(sysconfdir)/containers/containers.conf.d
containersconf_DATA = dropins/carte.conf
pkgdata_DATA = dropins/containerd-carte.toml dropins/daemon.json

DROPINS = $(containersconf_DATA) $(pkgdata_DATA)
CLEANFILES += $(DROPINS)
EXTRA_DIST += dropins/carte.conf.in dropins/containerd-carte.toml.in dropins/daemon.json.in

# Not by config.status: bindir may be given to make as well.
$(DROPINS): Makefile
	$(AM_V_GEN)$(MKDIR_P) dropins && $(SED) 's|@bindir[@]|$(bindir)|g' $(top_srcdir)/$@.in >$@.tmp && mv $@.tmp $@
dropins/carte.conf: dropins/carte.conf.in
dropins/containerd-carte.toml: dropins/containerd-carte.toml.in
dropins/daemon.json: dropins/daemon.json.in
