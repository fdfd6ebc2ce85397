# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: is compressed by bzip2; layers are gzip, zstd or plain tars
def layer(data, diff_id=None):
    """An image with a layer of these bytes, as they are."""
    image = Layout("layout")
    image.layers.append(image.blob(data, LAYER + "+gzip"))
    image.diff_ids.append(diff_id or digest(data))
    words["BLOB"] = image.layers[0]["digest"]
    image.write()


good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
import bz2
layer(bz2.compress(good))
