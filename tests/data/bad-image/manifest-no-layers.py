# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/c4a41a1e0dbfc902990024eb7ca8de53010b7e68dd9615fb9a3f81776e8613d1: layers: required field is missing
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
del image.manifest["layers"]
image.write()
