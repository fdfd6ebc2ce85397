# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: make the folder no/such/out: No such file or directory
# status: 1
# args: unpack oci:layout no/such/out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
