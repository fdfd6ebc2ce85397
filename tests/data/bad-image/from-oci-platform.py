# SPDX-License-Identifier: Apache-2.0
# args: build context
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.finish().index["manifests"][0]["platform"] = {"os": "linux", "architecture": "s390x"}
image.write()

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM oci:../layout\nNAME localhost/bad:1\n")
