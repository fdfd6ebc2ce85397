# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/index.json: manifests[0].digest: expected a digest, got 'sha256:../../../../etc/passwd'
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"][0]["digest"] = "sha256:../../../../etc/passwd"
image.write()
