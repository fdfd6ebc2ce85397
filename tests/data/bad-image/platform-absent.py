# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: no image for the platform linux/arm64: there is linux/s390x
# status: 4
# args: unpack --platform linux/arm64 oci:layout out
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"][0]["platform"] = {"os": "linux", "architecture": "s390x"}
image.write()
