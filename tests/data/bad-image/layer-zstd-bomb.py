# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @BLOB@: its @SIZE@ bytes become more than 1100 times as many, it looks like a decompression bomb
# needs: zstd
def layer(data, diff_id=None):
    """An image with a layer of these bytes, as they are."""
    image = Layout("layout")
    image.layers.append(image.blob(data, LAYER + "+gzip"))
    image.diff_ids.append(diff_id or digest(data))
    words["BLOB"] = image.layers[0]["digest"]
    image.write()


with open("/dev/zero", "rb") as f:
    out = subprocess.run(["zstd", "-qc", "--no-check"], input=tar(("file", "zeros", b"")) [:512] + bytes(700 << 20), stdout=subprocess.PIPE, check=True).stdout
words["SIZE"] = str(len(out))
layer(out)
