# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/index.json:1:305: invalid JSON: the document ends too early
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
with open("layout/index.json") as f:
    text = f.read()
with open("layout/index.json", "w") as f:
    f.write(text[:-20])
