# SPDX-License-Identifier: Apache-2.0
# Whole folders of test material; see dist-hook in tests/local.mk.

TEST_FOLDERS = \
	tests/bad \
	tests/cve \
	tests/data \
	tests/engines \
	tests/fault \
	tests/lib \
	tests/load \
	tests/metaverse \
	tests/race \
	tests/scale \
	tests/vm
