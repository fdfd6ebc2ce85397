# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: tar: Special header too large
def layer(data, diff_id=None):
    """An image with a layer of these bytes, as they are."""
    image = Layout("layout")
    image.layers.append(image.blob(data, LAYER + "+gzip"))
    image.diff_ids.append(diff_id or digest(data))
    words["BLOB"] = image.layers[0]["digest"]
    image.write()


layer(tar(("file", "x", "", {"pax": {"comment": "y" * (2 << 20)}})))
