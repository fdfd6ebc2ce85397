# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/49e458cc3db48ee5d596d399fc1e439a5e380e77d4bcdbafe664c94d4c8f3870: rootfs: required field is missing
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
del image.config["rootfs"]
image.write()
