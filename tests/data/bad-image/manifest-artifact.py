# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: sha256:e509501e5ed816898e100b345a3fd3b73cdcfe0bf4dd25cc806dc20bd8809b86 is no image: its config is of type application/vnd.oci.empty.v1+json
# status: 7
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.manifest["config"] = image.blob(b"{}", "application/vnd.oci.empty.v1+json")
image.manifest["artifactType"] = "application/vnd.example.sbom"
image.write()
