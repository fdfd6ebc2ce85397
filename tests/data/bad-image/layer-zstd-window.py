# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: zstd: Frame requires too much memory for decoding
def layer(data, diff_id=None):
    """An image with a layer of these bytes, as they are."""
    image = Layout("layout")
    image.layers.append(image.blob(data, LAYER + "+gzip"))
    image.diff_ids.append(diff_id or digest(data))
    words["BLOB"] = image.layers[0]["digest"]
    image.write()


# a window of 2 GiB, for which a reader would have to have that memory
layer(bytes.fromhex("28b52ffd04a8") + bytes(100))
