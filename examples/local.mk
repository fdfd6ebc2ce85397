# SPDX-License-Identifier: Apache-2.0
EXTRA_DIST += \
	examples/build \
	examples/compose/compose.yaml \
	examples/compose/pages.conf \
	examples/compose/pages/index.html \
	examples/compose/password.txt \
	examples/metaverse \
	examples/programs/nginx/Cartefile \
	examples/programs/nginx/nginx.conf \
	examples/programs/nginx/pages/index.html \
	examples/programs/python/Cartefile \
	examples/programs/python/notes.py \
	examples/programs/redis/Cartefile \
	examples/programs/redis/redis.conf \
	examples/programs/run \
	examples/programs/static/Cartefile \
	examples/programs/static/hello.c \
	examples/quickstart/run \
	examples/red-blue/Cartefile \
	examples/red-blue/compose.yaml \
	examples/red-blue/run \
	examples/services/compose.yaml \
	examples/services/run \
	examples/services/store/Cartefile \
	examples/services/web/Cartefile \
	examples/services/web/web.c
