# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: there are 2 images; say which by its name or digest
# status: 2
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"].append(dict(image.index["manifests"][0], annotations={"org.opencontainers.image.ref.name": "other:2"}, digest=image.blob(dict(image.manifest, annotations={"a": "b"}), MANIFEST)["digest"]))
image.index["manifests"][1]["size"] = len(image.blobs[image.index["manifests"][1]["digest"]])
image.write()
