# SPDX-License-Identifier: Apache-2.0
# expect: cartefile-to-oci: unpack: oci:layout/blobs/sha256/9a06f1584295a5b05256a960362aa16545160d9223098729073fa7873b57fbfa: config.Env[1]: expected string, got number
good = tar(("dir", "etc"), ("file", "etc/hostname", "h\n"))
image = Layout("layout", good, compression="plain")
image.config["config"]["Env"] = ["A=1", 2]
image.write()
