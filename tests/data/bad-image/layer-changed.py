# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout: layer @WANT@: its digest is @HAVE@, not @WANT@
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
# one bit, of the content of a file
with open(image.blob_path(image.layers[0]), "r+b") as f:
    data = f.read()
    at = data.index(b"h\n\0")
    f.seek(at)
    f.write(b"i")
    data = data[:at] + b"i" + data[at + 1:]
words["HAVE"] = digest(data)
words["WANT"] = image.layers[0]["digest"]
