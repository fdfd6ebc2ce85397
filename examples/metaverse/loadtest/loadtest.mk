# SPDX-License-Identifier: Apache-2.0
# It runs on the host, so it needs no image and may be dynamic; libwebsockets loads its plugin for libev.
PROGRAMS += loadtest
loadtest_SOURCES = $(addprefix loadtest/,main.c student.c seat.c talk.c play.c http.c socket.c hist.c result.c report.c)
loadtest_PACKAGES = libcurl libwebsockets yajl libcrypto
loadtest_LIBS = -lev -lm
loadtest_STATIC = 0
