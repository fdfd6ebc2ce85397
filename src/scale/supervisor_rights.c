/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_rights.c - what a supervisor that may make no networks, an ordinary user's, refuses before anything changes.
 */
#include <string.h>

#include "scale/supervisor-private.h"

static int check_mode(const struct spec_service *service, struct oci_error *err)
{
	switch (service->network_mode) {
	case SPEC_NET_BRIDGE:
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "service %s: only root's supervisor makes networks: say "
				  "'network_mode: host' or 'none' (--network host, --network none)",
				  service->name);
	case SPEC_NET_CONTAINER:
	case SPEC_NET_PATH:
		return err_set_as(
			err, ERR_PERMISSION, EPERM,
			"service %s: only root's supervisor puts containers into a network "
			"that is there: say 'network_mode: host' or 'none' (--network host, "
			"--network none)",
			service->name);
	default:
		return 0;
	}
}

static int check_service(const struct spec_service *service, struct oci_error *err)
{
	bool by_network =
		service->probe.kind == SPEC_PROBE_HTTP || service->probe.kind == SPEC_PROBE_TCP;
	int r = check_mode(service, err);

	/* the namespace is one of another user namespace: it is not to be entered from here */
	if (r == 0 && by_network && service->network_mode == SPEC_NET_NONE)
		r = err_set_as(
			err, ERR_PERMISSION, EPERM,
			"service %s: only root's supervisor probes by http and tcp what is in "
			"'network_mode: none': say 'healthcheck: test:'",
			service->name);
	return r;
}

int rights_check(const struct supervisor *sv, const struct spec_project *spec,
		 struct oci_error *err)
{
	int r = 0;

	if (net_usable(sv->net))
		return 0;
	for (size_t i = 0; i < spec->services_len && r == 0; i++)
		r = check_service(&spec->services[i], err);
	return r;
}
