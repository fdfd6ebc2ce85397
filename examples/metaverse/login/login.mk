# SPDX-License-Identifier: Apache-2.0
PROGRAMS += login
login_SOURCES = login/main.c login/accounts.c login/answers.c login/limits.c login/password.c login/work.c
login_STATIC_SOURCES = common/static/no_tls.c
login_PACKAGES = libcrypto sqlite3 yajl
# Not by pkg-config, which adds GnuTLS to a static program: see common/static/no_tls.c.
login_LIBS = -lmicrohttpd -lcrypt
login_FILES = login/Cartefile $(patsubst $(here)/%,%,$(wildcard $(here)/page/index.html))
