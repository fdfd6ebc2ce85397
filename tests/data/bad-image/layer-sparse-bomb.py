# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: its 10240 bytes become more than 1100 times as many, it looks like a decompression bomb
def layer(data, diff_id=None):
    """An image with a layer of these bytes, as they are."""
    image = Layout("layout")
    image.layers.append(image.blob(data, LAYER + "+gzip"))
    image.diff_ids.append(diff_id or digest(data))
    words["BLOB"] = image.layers[0]["digest"]
    image.write()


# a file of 64 TB in one block
import tarfile
layer(tar(("file", "GNUSparseFile.0/x", b"1\n0\n1\n".ljust(512, b"\0") + b"a", {"pax": {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(1 << 46)}})))
