# SPDX-License-Identifier: Apache-2.0
# The supervisor's page in a browser.

tests_web_scene_SOURCES = tests/unit/fake_supervisor.c tests/unit/fake_supervisor.h tests/web/scene.c
tests_web_scene_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_web_scene_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS)
tests_web_scene_LDADD = $(SCALE_LIBS)

if HAVE_SCALE
check_PROGRAMS += tests/web/scene
TESTS += tests/web/page
endif

EXTRA_DIST += \
	tests/web/browser.py \
	tests/web/page \
	tests/web/page.py
