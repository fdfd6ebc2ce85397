# SPDX-License-Identifier: Apache-2.0
# Files that register the runtime with engines. podman reads the drop-in when sysconfdir is /etc;
# containerd and Docker have one configuration file each, so theirs are snippets to merge.

containersconfdir = $(sysconfdir)/containers/containers.conf.d
containersconf_DATA = dropins/carte.conf
pkgdata_DATA = dropins/containerd-carte.toml dropins/daemon.json

# Units of the supervisor, for the system and for each user.
if HAVE_SCALE
systemdsystemunitdir = $(prefix)/lib/systemd/system
systemduserunitdir = $(prefix)/lib/systemd/user
systemdsystemunit_DATA = dropins/carte-scale.service dropins/carte-scale.socket
systemduserunit_DATA = dropins/user/carte-scale.service dropins/user/carte-scale.socket
endif

DROPINS = $(containersconf_DATA) $(pkgdata_DATA) $(systemdsystemunit_DATA) $(systemduserunit_DATA)
CLEANFILES += $(DROPINS)
EXTRA_DIST += \
	dropins/carte-scale.service.in \
	dropins/carte-scale.socket.in \
	dropins/carte.conf.in \
	dropins/containerd-carte.toml.in \
	dropins/daemon.json.in \
	dropins/user/carte-scale.service.in \
	dropins/user/carte-scale.socket.in

# Not by config.status: bindir may be given to make as well.
$(DROPINS): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) 's|@bindir[@]|$(bindir)|g' $(top_srcdir)/$@.in >$@.tmp && mv $@.tmp $@
dropins/carte.conf: dropins/carte.conf.in
dropins/containerd-carte.toml: dropins/containerd-carte.toml.in
dropins/daemon.json: dropins/daemon.json.in
dropins/carte-scale.service: dropins/carte-scale.service.in
dropins/carte-scale.socket: dropins/carte-scale.socket.in
dropins/user/carte-scale.service: dropins/user/carte-scale.service.in
dropins/user/carte-scale.socket: dropins/user/carte-scale.socket.in
