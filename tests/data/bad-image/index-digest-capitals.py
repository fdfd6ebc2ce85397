# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/index.json: manifests[0].digest: expected a digest, got 'sha256:51BC2A6502741DE296C2BF71465EDDB4B4AEF2DE8326AA7F625673B6AE8EC8F0'
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
d = image.finish().index["manifests"][0]
d["digest"] = d["digest"].upper().replace("SHA", "sha")
image.write()
