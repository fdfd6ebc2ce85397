# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: no image 'nobody/knows:1': there is localhost/test:1
# status: 4
# args: unpack oci:layout:nobody/knows:1 out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
