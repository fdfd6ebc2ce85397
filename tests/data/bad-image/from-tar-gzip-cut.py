# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: Cartefile:2:6: ../base.tar.gz: gzip: ends too early
# args: build context
with open("base.tar.gz", "wb") as f:
    f.write(compress(tar(("file", "x", os.urandom(5000))), "gzip")[:3000])

os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("# what it begins with\nFROM tar:../base.tar.gz\nNAME localhost/bad:1\n")
