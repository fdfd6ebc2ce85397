# SPDX-License-Identifier: Apache-2.0
# args: unpack docker://localhost:@PORT@/school/x:1 out
# needs: skopeo
# a registry, as far as skopeo asks for one: the image comes through
import http.server
import threading

image = Layout("layout", tar(("file", "x", "from a registry")), compression="gzip").write()
descriptor = image.index["manifests"][0]


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rsplit("/", 1)[1]
        key = descriptor["digest"] if name == "1" else name
        body = b"{}" if self.path == "/v2/" else image.blobs.get(key)
        self.send_response(200 if body is not None else 404)
        body = body or b""
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", MANIFEST if "/manifests/" in self.path else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
words["PORT"] = str(server.server_address[1])
os.makedirs("home/.config/containers")
with open("home/.config/containers/registries.conf", "w") as f:
    f.write(f'[[registry]]\nlocation = "localhost:{words["PORT"]}"\ninsecure = true\n')
os.environ["HOME"] = os.path.abspath("home")


def check():
    assert open("out/x").read() == "from a registry"
