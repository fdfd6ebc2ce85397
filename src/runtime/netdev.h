/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netdev.h - linux.netDevices: host interfaces moved into the container's network namespace (config-linux.md#network-devices).
 */
#ifndef CARTE_RUNTIME_NETDEV_H
#define CARTE_RUNTIME_NETDEV_H

#include <ocispec-lite/runtime.h>

/** netdev_check - names: 1..15 bytes, no '/', ':' or white space, not "." or "..", no two the same inside. */
int netdev_check(const struct oci_net_device *devices, size_t count, struct oci_error *err);

/**
 * netdev_move - in the parent, by rtnetlink: move each device into the namespace, rename it, put its global addresses
 * (read before the move, permanent ones only) back, set it up.
 * @netns_fd: the container's network namespace
 */
int netdev_move(const struct oci_net_device *devices, size_t count, int netns_fd,
		struct oci_error *err);

/** netdev_loopback_up - bring "lo" up in the current network namespace, as runc does for a new one. */
int netdev_loopback_up(struct oci_error *err);

#endif
