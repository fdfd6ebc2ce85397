# SPDX-License-Identifier: Apache-2.0
# The completion asks the program for its --help, so it cannot fall behind.

dist_bashcompletion_DATA = completion/carte-runtime
if HAVE_SCALE
dist_bashcompletion_DATA += completion/carte
else
EXTRA_DIST += completion/carte
endif
if HAVE_CONVERTER
dist_bashcompletion_DATA += completion/cartefile-to-oci
endif
