# SPDX-License-Identifier: Apache-2.0
# args: build --slim prune -o oci:out context
# devices are dropped when an image is flattened, by all their names
image = Layout("layout", tar(("file", "f", "x"), ("char", "c", (1, 3)), ("hard", "d", "c"), ("hard", "f", "c"), ("file", "g", "y"))).write()
os.mkdir("context")
with open("context/Cartefile", "w") as f:
    f.write("FROM oci:../layout\nNAME localhost/bad:1\n")


def check():
    with open("out/index.json") as f:
        assert '"localhost/bad:1"' in f.read()
