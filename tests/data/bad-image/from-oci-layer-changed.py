# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: oci:context/../layout: layer @WANT@: its digest is @HAVE@, not @WANT@
# args: build context
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
with open(image.blob_path(image.layers[0]), "r+b") as f:
    data = bytearray(f.read())
    data[data.index(b"h\n\0")] = ord("i")
    f.seek(0)
    f.write(data)
words["HAVE"], words["WANT"] = digest(bytes(data)), image.layers[0]["digest"]

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
