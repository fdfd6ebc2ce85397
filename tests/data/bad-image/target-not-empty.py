# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: out: is not empty
# status: 5
# full: yes
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.write()
os.mkdir("out")
open("out/mine", "w").close()
